namespace Dwarf.Training.Config;

/// <summary>A YAML value that knows its place.</summary>
/// <param name="Origin">where the value begins</param>
internal abstract record ConfigNode(Origin Origin)
{
    /// <summary>What a message calls it: "a list", "a map" or the text.</summary>
    public abstract string Describe();
}

/// <summary>Text, as written.</summary>
/// <param name="Origin">where it begins</param>
/// <param name="Text">without quotes</param>
/// <param name="IsQuoted">whether it stood in quotes and so can only be text</param>
internal sealed record ConfigScalar(Origin Origin, string Text, bool IsQuoted) : ConfigNode(Origin)
{
    /// <summary>YAML's ways to write nothing.</summary>
    public bool IsNull => !IsQuoted && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Describe() => IsNull ? "nothing" : IsQuoted ? $"the text \"{Shorten(Text)}\"" : $"'{Shorten(Text)}'";

    private static string Shorten(string text)
    {
        string line = string.Concat(text.Take(61).Select(letter => char.IsControl(letter) ? ' ' : letter));
        return line.Length > 60 ? line[..60] + "…" : line;
    }
}

/// <summary>Values in order.</summary>
internal sealed record ConfigList(Origin Origin, IReadOnlyList<ConfigNode> Items) : ConfigNode(Origin)
{
    public override string Describe() => "a list";
}

/// <summary>Keys and values in the order of the file.</summary>
internal sealed record ConfigMap(Origin Origin) : ConfigNode(Origin)
{
    /// <summary>The keys, each with the place of its first letter.</summary>
    public Dictionary<string, (Origin KeyOrigin, ConfigNode Value)> Entries { get; } = [];

    public override string Describe() => "a map";

    /// <summary>This map with another laid over it: maps merge, everything else is replaced.</summary>
    public ConfigMap Overlay(ConfigMap over)
    {
        var merged = new ConfigMap(over.Origin);
        foreach ((string key, (Origin KeyOrigin, ConfigNode Value) entry) in Entries)
        {
            merged.Entries[key] = entry;
        }
        foreach ((string key, (Origin KeyOrigin, ConfigNode Value) entry) in over.Entries)
        {
            bool bothMaps = merged.Entries.TryGetValue(key, out var below) && below.Value is ConfigMap && entry.Value is ConfigMap;
            merged.Entries[key] = bothMaps ? (entry.KeyOrigin, ((ConfigMap)below.Value).Overlay((ConfigMap)entry.Value)) : entry;
        }
        return merged;
    }
}
