using System.Collections;
using System.Text;

namespace Dwarf.Training.Config;

/// <summary>The list of all keys for people, made from the schema so that it cannot differ from what is read.</summary>
public static class ConfigReference
{
    /// <summary>docs/configuration.md.</summary>
    public static string Markdown()
    {
        var text = new StringBuilder("""
            # Configuration keys

            Written from the schema by House.Tests (`DWARF_WRITE_DOCS=1 dotnet test --project tests/House.Tests`); do not edit.

            - `--set a.b=c` on the command line replaces a key; the last one wins. Paths are meant from the folder of the file they stand in.
            - `extends: other.yaml` takes everything from another file first: maps merge, lists and values are replaced.
            - An unknown key, a wrong type or a value out of range ends the program with exit code 78 and `file:line:column: key: message`, all at once.
            - YAML's aliases, anchors and tags are not allowed. `config.yaml` in a run folder holds every key with the place its value came from.

            | key | value | default | what it does |
            |---|---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach ((string path, SchemaKey key) in Schema.Walk(typeof(RunConfig)).Where(each => !each.Key.IsSection))
        {
            object? value = key.Property.GetValue(Activator.CreateInstance(key.Property.ReflectedType!));
            string shown = key.Info.Required ? "must be given" : value is null or ICollection { Count: 0 } ? "" : $"`{ResolvedConfig.Value(value)}`";
            text.Append($"| `{path}` | {Kind(key)} | {shown} | {key.Info.Description} |\n");
        }
        return text.ToString();
    }

    private static string Kind(SchemaKey key)
    {
        if (key.Type == typeof(IReadOnlyDictionary<string, string>))
        {
            return "a map from names to texts";
        }
        return key.Type.IsGenericType ? $"a list of {Scalars.Expected(key.Type.GetGenericArguments()[0], key.Info)}" : Scalars.Expected(key.Type, key.Info);
    }
}
