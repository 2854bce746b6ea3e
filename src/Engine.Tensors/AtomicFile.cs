namespace Engine.Tensors;

/// <summary>Writes files so that a crash at any instant leaves the old content or the new, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Writes to a temporary file beside the target, flushes it to disk and renames it over the target.</summary>
    /// <param name="path">the target; replaced if it exists</param>
    /// <param name="write">writes the content</param>
    /// <exception cref="DwarfException">the disk is full, the folder is not there or not writable (input/output); no temporary file stays</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = path + ".tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Remove(temporary);
            throw new DwarfException(ErrorKind.InputOutput, $"{path}: cannot be written: {error.Message}", error);
        }
        catch
        {
            Remove(temporary);
            throw;
        }
    }

    /// <summary>Writes text as UTF-8, atomically.</summary>
    /// <param name="path">the target; replaced if it exists</param>
    /// <param name="text">the content</param>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report.
        }
    }
}
