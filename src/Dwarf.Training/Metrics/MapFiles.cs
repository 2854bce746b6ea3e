using System.Globalization;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Training.Metrics;

/// <summary>Reads maps from safetensors files.</summary>
public static class MapFiles
{
    /// <summary>Reads `map.FINDING` and `mask.FINDING`, both [n, h, w], finding by finding as they are asked for.</summary>
    /// <exception cref="DwarfException">not there (missing input); a tensor without its partner, of another shape, or a mask that is not 0 and 1 (content)</exception>
    public static IEnumerable<FindingMaps> Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var findings = Named(file, "map.").ToList();
        if (findings.Count == 0)
        {
            throw Wrong(path, "expected tensors 'map.FINDING' and 'mask.FINDING' [n,h,w], found no 'map.FINDING'");
        }

        foreach (var lone in Named(file, "mask.").Except(findings))
        {
            throw Wrong(path, $"'mask.{SafetensorsFile.Printable(lone)}' has no 'map.{SafetensorsFile.Printable(lone)}' beside it");
        }

        foreach (var finding in findings)
        {
            yield return LoadFinding(file, path, finding);
        }
    }

    /// <summary>The values of a tensor as float32.</summary>
    public static float[] Floats(Tensor tensor) => tensor.DType switch
    {
        DType.I64 => [.. tensor.ToArray<long>().Select(v => (float)v)],
        DType.Bool => [.. tensor.ToArray<byte>().Select(v => (float)v)],
        _ => tensor.To(DType.F32).ToArray<float>(),
    };

    private static IEnumerable<string> Named(SafetensorsFile file, string prefix) =>
        file.Entries.Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(e => e.Name[prefix.Length..]).Order(StringComparer.Ordinal);

    private static FindingMaps LoadFinding(SafetensorsFile file, string path, string finding)
    {
        var name = SafetensorsFile.Printable(finding);
        if (!file.Contains("mask." + finding))
        {
            throw Wrong(path, $"'map.{name}' has no 'mask.{name}' beside it");
        }

        var (map, mask) = (file.Read("map." + finding), file.Read("mask." + finding));
        if (map.Shape.Rank != 3)
        {
            throw Wrong(path, $"map.{name}: expected [n,h,w], found {map.Shape}");
        }

        if (mask.Shape != map.Shape)
        {
            throw Wrong(path, $"mask.{name}: expected {map.Shape} as map.{name}, found {mask.Shape}");
        }

        var (values, truth) = (Floats(map), Truth(mask, path, name));
        var size = (int)(map.Shape[1] * map.Shape[2]);
        return new(finding, [.. Enumerable.Range(0, (int)map.Shape[0]).Select(i => new MapCase(
            string.Create(CultureInfo.InvariantCulture, $"image {i}"), "", values[(i * size)..((i + 1) * size)], truth[(i * size)..((i + 1) * size)]))]);
    }

    private static bool[] Truth(Tensor mask, string path, string name)
    {
        var values = Floats(mask);
        var truth = new bool[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            truth[i] = values[i] switch
            {
                0 => false,
                1 => true,
                _ => throw Wrong(path, string.Create(CultureInfo.InvariantCulture, $"mask.{name}: element {i}: expected 0 or 1, found {values[i]}")),
            };
        }

        return truth;
    }

    private static DwarfException Wrong(string path, string what) => new(ErrorKind.Content, $"{path}: {what}");
}
