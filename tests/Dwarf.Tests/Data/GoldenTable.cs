using System.Runtime.CompilerServices;
using Xunit;

namespace Dwarf.Tests.Data;

/// <summary>The source tree as tests see it: golden files and shipped data are read where they lie.</summary>
internal static class GoldenTable
{
    public static string Root { get; } = FindRoot();

    public static string ChestMini { get; } = Path.Combine(Root, "data", "chest-mini");

    /// <summary>The lines of a golden CSV, split at commas.</summary>
    public static string[][] Lines(string name)
    {
        string[][] lines = File.ReadAllLines(Path.Combine(Root, "tests", "golden", "imaging", name)).Select(line => line.Split(',')).ToArray();
        Assert.NotEmpty(lines);
        return lines;
    }

    /// <summary>The stream of bytes that make_imaging.py fills its sources with.</summary>
    public static byte[] Noise(int count)
    {
        uint state = 12345;
        var result = new byte[count];
        for (int i = 0; i < count; i++)
        {
            state = unchecked((state * 1664525) + 1013904223);
            result[i] = (byte)(state >> 24);
        }

        return result;
    }

    private static string FindRoot([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
