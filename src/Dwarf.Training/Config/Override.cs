using Engine.Tensors;

namespace Dwarf.Training.Config;

/// <summary>A value from the command line that replaces the file's.</summary>
/// <param name="Key">dotted path</param>
/// <param name="Value">YAML on one line: a word, a number, [a, b]</param>
/// <param name="Option">the option as the user wrote it, which messages and the resolved configuration name as the origin</param>
public sealed record Override(string Key, string Value, string Option)
{
    /// <summary>Reads the KEY=VALUE of a --set.</summary>
    /// <exception cref="DwarfException">no key or no '=' (usage)</exception>
    public static Override Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string key = equals > 0 ? text[..equals].Trim() : "";
        if (key.Length == 0 || key.Split('.').Any(part => part.Length == 0))
        {
            throw new DwarfException(ErrorKind.Usage, $"--set: expected KEY=VALUE such as train.epochs=3, found '{text}'");
        }
        return new Override(key, text[(equals + 1)..].Trim(), "--set " + text.ReplaceLineEndings(" "));
    }

    /// <summary>Lays this value over the file's.</summary>
    internal void Apply(ConfigMap root, FaultList faults)
    {
        var origin = new Origin(Option, 0, 0);
        if (YamlReader.ReadValue(Value, origin, faults) is not { } value)
        {
            return;
        }
        string[] path = Key.Split('.');
        var over = new ConfigMap(origin);
        ConfigMap inner = over;
        foreach (string part in path[..^1])
        {
            var next = new ConfigMap(origin);
            inner.Entries[part] = (origin, next);
            inner = next;
        }
        inner.Entries[path[^1]] = (origin, value);
        ConfigMap merged = root.Overlay(over);
        root.Entries.Clear();
        foreach ((string key, var entry) in merged.Entries)
        {
            root.Entries[key] = entry;
        }
    }
}
