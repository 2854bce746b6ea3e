using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Model.Weights;

/// <summary>Reads the weights of a file into a network, strictly: whatever does not fit is named, all at once, in one line.</summary>
internal static class WeightLoader
{
    private const int MostFaults = 8;

    /// <summary>Loads every weight.</summary>
    /// <param name="file">open file</param>
    /// <param name="path">its path, for messages</param>
    /// <param name="layout">the network's weights</param>
    /// <param name="mayMiss">the part that a weight belongs to, where the part as a whole may be absent and then keeps its values; else null</param>
    /// <param name="only">the one part that is wanted; what the file says of others is passed over</param>
    /// <returns>what was loaded, repeated and ignored</returns>
    /// <exception cref="DwarfException">another encoder or decoder; a missing, unknown or misshapen tensor (content)</exception>
    public static LoadReport Load(
        WeightArchive file, string path, WeightLayout layout, Func<string, string?>? mayMiss = null, string only = "")
    {
        var map = KeyMap.Of(file.Entries.Select(e => e.Name));
        var entries = layout.Entries.Where(e => e.Name.StartsWith(only, StringComparison.Ordinal)).ToList();
        var sources = Sources(file, map, layout, only, out var unknown, out var ignored);
        CheckVariant(file, path, map, entries);
        var present = entries.Where(e => sources.ContainsKey(e.Name)).Select(e => mayMiss?.Invoke(e.Name)).OfType<string>().ToHashSet();
        var kept = entries.Select(e => mayMiss?.Invoke(e.Name)).OfType<string>().Distinct()
            .Where(p => !present.Contains(p) && !p.StartsWith(WeightNames.Heads, StringComparison.Ordinal)).ToList();
        var faults = new List<Func<string>>();
        foreach (var entry in entries)
        {
            if (sources.TryGetValue(entry.Name, out var found))
            {
                faults.AddRange(found.Where(f => Misfit(f, entry) is not null).Select(f => (Func<string>)(() => Misfit(f, entry)!)));
            }
            else if (mayMiss?.Invoke(entry.Name) is not { } part || present.Contains(part))
            {
                faults.Add(() => Missing(entry, unknown));
            }
        }

        faults.AddRange(unknown.Select(name => (Func<string>)(() => Unknown(name, map, layout))));
        if (faults.Count > 0)
        {
            string more = faults.Count > MostFaults ? $"; and {faults.Count - MostFaults} more" : "";
            throw new DwarfException(ErrorKind.Content, $"{path}: {string.Join("; ", faults.Take(MostFaults).Select(f => f()))}{more}");
        }

        if (sources.Count == 0)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: none of its {file.Entries.Count} tensors is a weight of the network");
        }

        var notFinite = new List<string>();
        foreach (var entry in entries)
        {
            if (sources.TryGetValue(entry.Name, out var found))
            {
                var (values, wanted) = (Agreed(file, path, found), entry.Pieces[0].Parameter.Master.DType);
                entry.Scatter(values.DType == wanted ? values : values.To(wanted));
                if (!IsFinite(values))
                {
                    notFinite.Add(entry.Name);
                }
            }
        }

        return new LoadReport(sources.Count, entries.Count, sources.Values.Sum(s => s.Count - 1), ignored, kept) { NotFinite = notFinite };
    }

    private static bool IsFinite(Tensor values)
    {
        // Zero times anything finite is zero; times NaN or infinity it is NaN, and stays NaN in a sum.
        double sum = 0;
        switch (values.DType)
        {
            case DType.F32:
                foreach (float value in values.Span<float>())
                {
                    sum += value * 0f;
                }

                break;
            case DType.F64:
                foreach (double value in values.Span<double>())
                {
                    sum += value * 0;
                }

                break;
            default:
                foreach (ushort bits in values.Span<ushort>())
                {
                    sum += BitConverter.UInt32BitsToSingle((uint)bits << 16) * 0f;
                }

                break;
        }

        return sum == 0;
    }

    /// <summary>The file's tensors by the network's names; an alias stands beside what it repeats.</summary>
    private static Dictionary<string, List<TensorEntry>> Sources(
        WeightArchive file,
        KeyMap map,
        WeightLayout layout,
        string only,
        out List<string> unknown,
        out List<(string Name, string Pattern)> ignored)
    {
        var sources = new Dictionary<string, List<TensorEntry>>();
        (unknown, ignored) = ([], []);
        foreach (var entry in file.Entries)
        {
            string rooted = map.Rooted(entry.Name);
            if (!rooted.StartsWith(only, StringComparison.Ordinal))
            {
                continue;
            }

            if (KeyMap.Find(layout, rooted) is { } known)
            {
                if (sources.TryGetValue(known.Name, out var others))
                {
                    others.Add(entry);
                }
                else
                {
                    sources[known.Name] = [entry];
                }
            }
            else if (KeyMap.IgnoredBy(rooted) is { } pattern)
            {
                ignored.Add((entry.Name, pattern));
            }
            else
            {
                unknown.Add(entry.Name);
            }
        }

        return sources;
    }

    /// <summary>Hundreds of faults that have one cause get one line.</summary>
    private static void CheckVariant(WeightArchive file, string path, KeyMap map, IReadOnlyList<WeightEntry> entries)
    {
        var held = Variants.Of(ShapeReader.Shapes(file, map));
        var wanted = Variants.Of(entries.ToDictionary(e => e.Name, e => e.Shape));
        foreach (var (part, has, wants) in Variants.Compare(held, wanted))
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: the file's {part} is {has}, the network's is {wants}");
        }
    }

    private static string? Misfit(TensorEntry found, WeightEntry entry)
        => found.Shape != entry.Shape ? $"'{SafetensorsFile.Printable(found.Name)}' must be {entry.Shape}, found {found.Shape}{Reason(found, entry)}"
        : !found.DType.IsFloating() ? $"'{SafetensorsFile.Printable(found.Name)}' must be floating, found {found.DType.Label()}"
        : null;

    /// <summary>The commonest mismatch has a cause that is worth a word.</summary>
    private static string Reason(TensorEntry found, WeightEntry entry)
    {
        bool positions = entry.Name.StartsWith(WeightNames.Image, StringComparison.Ordinal)
            && (entry.Name.EndsWith("position_embeddings", StringComparison.Ordinal) || entry.Name.EndsWith("pos_embedding", StringComparison.Ordinal));
        return positions && found.Shape.Rank == 3 && found.Shape[2] == entry.Shape[2]
            ? $" (images of another size: the file's have {found.Shape[1] - 1} patches, these {entry.Shape[1] - 1})"
            : "";
    }

    private static string Missing(WeightEntry entry, List<string> unknown)
    {
        string? near = Nearest.Of(entry.Name, unknown);
        return $"'{entry.Name}' {entry.Shape} is missing{(near is null ? "" : $" (the file has '{SafetensorsFile.Printable(near)}')")}";
    }

    private static string Unknown(string name, KeyMap map, WeightLayout layout)
    {
        string? near = Nearest.Of(map.Rooted(name), layout.Entries.Select(e => e.Name));
        return $"'{SafetensorsFile.Printable(name)}' is not in the model{(near is null ? "" : $" (near: '{near}')")}";
    }

    /// <summary>Two names of one weight must carry the same bytes: silently taking one would lose the other.</summary>
    private static Tensor Agreed(WeightArchive file, string path, List<TensorEntry> found)
    {
        var first = file.Read(found[0].Name);
        foreach (var other in found.Skip(1))
        {
            if (!file.Read(other.Name).HasBitsOf(first))
            {
                throw new DwarfException(
                    ErrorKind.Content,
                    $"{path}: '{SafetensorsFile.Printable(found[0].Name)}' and '{SafetensorsFile.Printable(other.Name)}' name the same weight but differ");
            }
        }

        return first;
    }
}
