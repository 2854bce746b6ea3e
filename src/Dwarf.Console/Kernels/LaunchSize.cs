using System.Globalization;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Kernels;

/// <summary>--grid and --block: X, X,Y or X,Y,Z.</summary>
internal static class LaunchSize
{
    /// <summary>Reads one.</summary>
    /// <exception cref="DwarfException">not one to three numbers of at least 1 (usage)</exception>
    public static Dim3 Parse(string option, string text)
    {
        string[] parts = text.Split(',', 'x');
        uint[] sizes = [1, 1, 1];
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts.Length > 3 || !uint.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i])
                || sizes[i] == 0)
            {
                throw new DwarfException(ErrorKind.Usage, $"{option}: expected X, X,Y or X,Y,Z, each at least 1, found '{text}'");
            }
        }
        return new Dim3(sizes[0], sizes[1], sizes[2]);
    }
}
