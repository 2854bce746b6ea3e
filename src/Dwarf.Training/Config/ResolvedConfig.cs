using System.Collections;
using System.Text;

namespace Dwarf.Training.Config;

/// <summary>Writes a configuration out in full, so that a run can be repeated from its folder alone.</summary>
public static class ResolvedConfig
{
    private const int CommentColumn = 40;

    /// <summary>YAML with every key, the origin of each value beside it; it loads again. Paths are absolute.</summary>
    public static string Write(RunConfig config)
    {
        var text = new StringBuilder("# Every key of this run, with the place its value comes from.\n");
        Section(text, config, "", config);
        return text.ToString();
    }

    /// <summary>Every key with its value, without origins: two configurations are the same if these are.</summary>
    public static IReadOnlyDictionary<string, string> Values(RunConfig config)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Collect(values, config, "");
        return values;
    }

    private static void Section(StringBuilder text, ConfigSection section, string path, RunConfig config)
    {
        string indent = new(' ', path.Count(letter => letter == '.') * 2);
        foreach (SchemaKey key in Schema.Of(section.GetType()))
        {
            object? value = key.Property.GetValue(section);
            if (value is ConfigSection below)
            {
                text.Append(indent).Append(key.Name).Append(":\n");
                Section(text, below, $"{path}{key.Name}.", config);
            }
            else
            {
                string line = $"{indent}{key.Name}: {Value(value)}";
                text.Append(line.PadRight(CommentColumn)).Append("  # ").Append(config.OriginOf(path + key.Name)).Append('\n');
            }
        }
    }

    private static void Collect(SortedDictionary<string, string> values, ConfigSection section, string path)
    {
        foreach (SchemaKey key in Schema.Of(section.GetType()))
        {
            object? value = key.Property.GetValue(section);
            if (value is ConfigSection below)
            {
                Collect(values, below, $"{path}{key.Name}.");
            }
            else
            {
                values[path + key.Name] = Value(value);
            }
        }
    }

    internal static string Value(object? value) => value switch
    {
        IReadOnlyDictionary<string, string> texts => $"{{{string.Join(", ", texts.Select(each => $"{Scalars.Quote(each.Key)}: {Scalars.Quote(each.Value)}"))}}}",
        IEnumerable list and not string => $"[{string.Join(", ", list.Cast<object>().Select(Scalars.Format))}]",
        _ => Scalars.Format(value),
    };
}
