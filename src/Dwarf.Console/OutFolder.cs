using Engine.Tensors;

namespace Dwarf.Cli;

/// <summary>The folder that --out names.</summary>
internal static class OutFolder
{
    /// <summary>Refuses a file of that name.</summary>
    /// <param name="path">--out, or null</param>
    /// <exception cref="DwarfException">a file is there (output exists)</exception>
    public static void NoFile(string? path)
    {
        if (File.Exists(path))
        {
            throw new DwarfException(ErrorKind.OutputExists, $"{path}: expected a folder, found a file; give another --out");
        }
    }

    /// <summary>Makes it where it is not there.</summary>
    /// <param name="path">--out</param>
    /// <exception cref="DwarfException">it cannot be made (input/output)</exception>
    public static void Create(string path)
    {
        NoFile(path);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DwarfException(ErrorKind.InputOutput, $"{path}: the folder cannot be made: {error.Message}", error);
        }
    }
}
