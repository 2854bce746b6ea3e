using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>The kernel files that come with the program.</summary>
public static class KernelFiles
{
    /// <summary>The folder kernels beside the program.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "kernels");

    /// <summary>Every .cu file of a folder, in the order of their names.</summary>
    /// <param name="folder">null: those of the program</param>
    /// <returns>full paths</returns>
    /// <exception cref="DwarfException">no such folder (missing input)</exception>
    public static IReadOnlyList<string> All(string? folder = null)
    {
        string path = folder ?? Folder;
        return Directory.Exists(path)
            ? [.. Directory.GetFiles(path, "*.cu").Order(StringComparer.Ordinal)]
            : throw new DwarfException(ErrorKind.MissingInput, $"{path}: the kernels' folder is not there");
    }
}
