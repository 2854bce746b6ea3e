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
    /// <param name="allowMissing">names that may be absent and then keep their values; null for none</param>
    /// <exception cref="DwarfException">a missing, unknown or misshapen tensor (content)</exception>
    public static void Load(WeightArchive file, string path, WeightLayout layout, Func<string, bool>? allowMissing = null)
    {
        var sources = Sources(file, layout, out var unknown);
        var faults = new List<string>();
        foreach (var entry in layout.Entries)
        {
            if (!sources.TryGetValue(entry.Name, out var found))
            {
                if (allowMissing?.Invoke(entry.Name) != true)
                {
                    string? near = Nearest.Of(entry.Name, unknown);
                    string hint = near is null ? "" : $" (the file has '{SafetensorsFile.Printable(near)}')";
                    faults.Add($"'{entry.Name}' {entry.Shape} is missing{hint}");
                }
            }
            else
            {
                faults.AddRange(found.Select(f => Misfit(f, entry)).OfType<string>());
            }
        }

        string[] names = [.. layout.Entries.Select(e => e.Name)];
        faults.AddRange(unknown.Select(name => $"'{SafetensorsFile.Printable(name)}' is not in the model{Hint(name, names)}"));
        if (faults.Count > 0)
        {
            string more = faults.Count > MostFaults ? $"; and {faults.Count - MostFaults} more" : "";
            throw new DwarfException(ErrorKind.Content, $"{path}: {string.Join("; ", faults.Take(MostFaults))}{more}");
        }

        foreach (var entry in layout.Entries)
        {
            if (sources.TryGetValue(entry.Name, out var found))
            {
                CheckAliases(file, path, found);
                var (values, wanted) = (file.Read(found[0].Name), entry.Pieces[0].Parameter.DType);
                entry.Scatter(values.DType == wanted ? values : values.To(wanted));
            }
        }
    }

    /// <summary>The file's tensors by the network's names; an alias stands beside what it repeats.</summary>
    private static Dictionary<string, List<TensorEntry>> Sources(WeightArchive file, WeightLayout layout, out List<string> unknown)
    {
        var sources = new Dictionary<string, List<TensorEntry>>();
        unknown = [];
        foreach (var entry in file.Entries)
        {
            string name = WeightNames.Canonical(entry.Name);
            if (layout.Find(name) is null)
            {
                if (!WeightNames.Unused(name))
                {
                    unknown.Add(entry.Name);
                }
            }
            else if (sources.TryGetValue(name, out var others))
            {
                others.Add(entry);
            }
            else
            {
                sources[name] = [entry];
            }
        }

        return sources;
    }

    private static string? Misfit(TensorEntry found, WeightEntry entry)
        => found.Shape != entry.Shape ? $"'{found.Name}' must be {entry.Shape}, found {found.Shape}"
        : !found.DType.IsFloating() ? $"'{found.Name}' must be floating, found {found.Stored.Label()}"
        : null;

    private static string Hint(string name, string[] names) => Nearest.Of(name, names) is { } near ? $" (near: '{near}')" : "";

    /// <summary>Two names of one weight must carry the same bytes: silently taking one would lose the other.</summary>
    private static void CheckAliases(WeightArchive file, string path, List<TensorEntry> found)
    {
        if (found.Count < 2)
        {
            return;
        }

        var first = file.Read(found[0].Name);
        foreach (var other in found.Skip(1))
        {
            var second = file.Read(other.Name);
            if (second.DType != first.DType || !second.ByteSpan(0, (int)second.Bytes).SequenceEqual(first.ByteSpan(0, (int)first.Bytes)))
            {
                throw new DwarfException(
                    ErrorKind.Content, $"{path}: '{found[0].Name}' and '{other.Name}' name the same weight but differ");
            }
        }
    }
}
