using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>Reads whole input files, and refuses what is not a plain file before it is opened.</summary>
public static class InputFile
{
    /// <summary>
    /// Files above this size are refused; the largest file that this program reads whole is an annotation list of some megabytes.
    /// </summary>
    public const long DefaultMaxBytes = 1L << 30;

    /// <summary>The bytes of a file.</summary>
    /// <param name="path">the file</param>
    /// <param name="maxBytes">the largest size that is read</param>
    /// <exception cref="DwarfException">not there or unreadable (missing input); empty, too large or no plain file (content)</exception>
    public static byte[] ReadAllBytes(string path, long maxBytes = DefaultMaxBytes)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw new DwarfException(ErrorKind.MissingInput, $"{path}: expected a file, found a folder");
            }

            var info = new FileInfo(path);
            if (!info.Exists)
            {
                throw new DwarfException(ErrorKind.MissingInput, $"{path}: no such file");
            }

            // Pipes and devices have length 0. They are refused by it, unopened: opening a pipe would wait for a writer that may never
            // come.
            if (info.Length == 0)
            {
                throw new DwarfException(ErrorKind.Content, $"{path}: the file is empty (or a pipe or device)");
            }

            if (info.Length > maxBytes)
            {
                throw new DwarfException(ErrorKind.Content, $"{path}: expected at most {maxBytes} bytes, found {info.Length}");
            }

            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new DwarfException(ErrorKind.MissingInput, $"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The text of a UTF-8 file, without its byte order mark.</summary>
    /// <param name="path">the file</param>
    /// <exception cref="DwarfException">as <see cref="ReadAllBytes"/>, or not UTF-8 (content)</exception>
    public static string ReadText(string path)
    {
        byte[] bytes = ReadAllBytes(path);
        try
        {
            string text = new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return text.Length > 0 && text[0] == '\uFEFF' ? text[1..] : text;
        }
        catch (System.Text.DecoderFallbackException error)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: byte {error.Index}: not UTF-8 text", error);
        }
    }
}
