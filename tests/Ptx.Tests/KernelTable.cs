using System.Reflection;
using System.Text.RegularExpressions;
using Engine.Kernels;

namespace Ptx.Tests;

/// <summary>Every kernel file, every kernel in it, and the macro values that it is compiled with here.</summary>
public static partial class KernelTable
{
    public static readonly string[] Dtypes = ["F32", "F64", "BF16"];

    // Values of each macro that a launch sets: the ends of its range and what lies between.
    private static readonly Dictionary<string, string[]> s_values = new()
    {
        ["HEAD_DIM"] = ["16", "33", "64"],
        ["PACKED"] = ["0", "1"],
        ["PRODUCT"] = ["0", "1"],
        ["INDEX64"] = ["0", "1"],
        ["ACTIVATION"] = ["0", "1", "2"],
        ["UNIT"] = ["1", "2", "4", "8", "16"],
        ["ROW"] = ["1", "197", "768"],
        ["LANES"] = ["1", "32"],
        ["KEYS"] = ["16", "208"],
    };

    /// <summary>The kernels that operators launch, from the KernelKey fields of their classes.</summary>
    public static IReadOnlyList<KernelKey> Keys { get; } =
    [
        .. typeof(KernelKey).Assembly.GetTypes().SelectMany(static t =>
            t.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Where(static f => f.FieldType == typeof(KernelKey)).Select(static f => (KernelKey)f.GetValue(null)!),
    ];

    /// <summary>The stems of kernels/*.cu.</summary>
    public static IReadOnlyList<string> Files { get; } =
        [.. Directory.GetFiles(Path.Combine(Clang.Root, "kernels"), "*.cu").Select(static p =>
            Path.GetFileNameWithoutExtension(p)!).Order(StringComparer.Ordinal)];

    /// <summary>The kernels that a file defines.</summary>
    public static IReadOnlyList<string> Defined(string file) =>
        [.. Definition().Matches(File.ReadAllText(Path.Combine(Clang.Root, "kernels", file + ".cu"))).Select(static m =>
            m.Groups[1].Value)];

    /// <summary>The -D options for a file: each combination of the values of its macros.</summary>
    public static IReadOnlyList<string[]> Options(string file)
    {
        IEnumerable<string[]> combinations = [[]];
        foreach (string macro in Keys.Where(k => k.File == file).SelectMany(static k =>
            new[] { k.Macro0, k.Macro1 }).OfType<string>().Distinct())
        {
            if (!s_values.TryGetValue(macro, out string[]? values))
            {
                throw new InvalidOperationException($"{file}: KernelTable has no values for the macro {macro}");
            }
            combinations = combinations.SelectMany(c => values.Select(v => (string[])[.. c, $"-D{macro}={v}"]));
        }
        return [.. combinations];
    }

    [GeneratedRegex("""^extern "C" __global__ void\s+(?:__launch_bounds__\([^)]*\)\s*)?(\w+)\s*\(""", RegexOptions.Multiline)]
    private static partial Regex Definition();
}
