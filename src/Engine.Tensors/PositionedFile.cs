using Microsoft.Win32.SafeHandles;

namespace Engine.Tensors;

/// <summary>A file read at positions, never mapped: one that shrinks meanwhile is an error, not a crash.</summary>
internal sealed class PositionedFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private PositionedFile(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Path = path;
        Length = RandomAccess.GetLength(handle);
    }

    public string Path { get; }

    /// <summary>Size in bytes when it was opened.</summary>
    public long Length { get; }

    public static PositionedFile Open(string path)
    {
        // Pipes have length 0 and opening one may wait for ever, so the size is looked at first.
        if (new FileInfo(path) is { Exists: true, Length: < 8 } small)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: a weights file has at least 8 bytes, found {small.Length}");
        }

        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new PositionedFile(handle, path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            handle?.Dispose();
            string reason = error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : error.Message;
            throw new DwarfException(ErrorKind.MissingInput, $"{path}: {reason}", error);
        }
    }

    /// <summary>Fills a buffer.</summary>
    /// <param name="buffer">all of it is wanted</param>
    /// <param name="offset">of its first byte in the file</param>
    /// <exception cref="DwarfException">the file ends before the buffer does (content), the disk fails (input/output)</exception>
    public void Read(Span<byte> buffer, long offset)
    {
        while (buffer.Length > 0)
        {
            int read;
            try
            {
                read = RandomAccess.Read(_handle, buffer, offset);
            }
            catch (IOException error)
            {
                throw new DwarfException(ErrorKind.InputOutput, $"{Path}: cannot be read at byte {offset}: {error.Message}", error);
            }

            if (read == 0)
            {
                throw new DwarfException(ErrorKind.Content, $"{Path}: the file ends at byte {offset}, {buffer.Length} more bytes were expected");
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    public void Dispose() => _handle.Dispose();
}
