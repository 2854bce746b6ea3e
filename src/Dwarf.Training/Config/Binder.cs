using System.Collections;
using Dwarf.Model.Weights;
using Engine.Tensors;

namespace Dwarf.Training.Config;

/// <summary>Nodes to records: unknown keys, wrong types and values out of range, all collected.</summary>
/// <param name="root">the record of the whole configuration, for hints across sections</param>
/// <param name="faults">what is wrong</param>
/// <param name="origins">key path to where the value stands; keys that nobody wrote are absent</param>
/// <param name="folderOf">the folder that paths of a source are meant from</param>
internal sealed class Binder(Type root, FaultList faults, Dictionary<string, Origin> origins, Func<Origin, string> folderOf)
{
    /// <summary>Fills a section; null means that nobody wrote it.</summary>
    public object Section(Type type, string path, ConfigNode? node, Origin place)
    {
        object section = Activator.CreateInstance(type)!;
        IReadOnlyList<SchemaKey> keys = Schema.Of(type);
        var map = node as ConfigMap;
        if (node is not null && map is null)
        {
            faults.Add(node.Origin, path, $"expected a map with the keys {string.Join(", ", keys.Select(key => key.Name))}, found {node.Describe()}");
            return section;
        }
        foreach ((string name, (Origin keyOrigin, ConfigNode _)) in map?.Entries ?? [])
        {
            if (keys.All(key => key.Name != name))
            {
                faults.Add(keyOrigin, Join(path, name), "unknown key" + Hint(name, path, keys));
            }
        }
        foreach (SchemaKey key in keys)
        {
            string keyPath = Join(path, key.Name);
            ConfigNode? value = map is not null && map.Entries.TryGetValue(key.Name, out var entry) ? entry.Value : null;
            if (key.IsSection)
            {
                ConfigNode? written = value is ConfigScalar { IsNull: true } ? null : value;
                key.Property.SetValue(section, Section(key.Type, keyPath, written, map?.Origin ?? place));
            }
            else if (value is not null)
            {
                Bind(section, key, keyPath, value);
            }
            else if (key.Info.Required)
            {
                faults.Add(map?.Origin ?? place, keyPath, $"this key is missing: {key.Info.Description}");
            }
        }
        return section;
    }

    private static string Join(string path, string name) => path.Length > 0 ? $"{path}.{name}" : name;

    private string Hint(string name, string path, IReadOnlyList<SchemaKey> keys)
    {
        if (Nearest.Of(name, keys.Select(key => key.Name)) is { } near)
        {
            return $"; did you mean '{Join(path, near)}'?";
        }
        // Perhaps the right name at the wrong place.
        string[] elsewhere = [.. Schema.Walk(root).Where(each => each.Key.Name == name).Select(each => each.Path).Take(4)];
        return elsewhere.Length > 0 ? $"; it belongs at {string.Join(" or ", elsewhere)}"
            : keys.Count <= 12 ? $"; known: {string.Join(", ", keys.Select(key => key.Name))}" : "";
    }

    private void Bind(object section, SchemaKey key, string path, ConfigNode node)
    {
        origins[path] = node.Origin;
        if (node is ConfigScalar { IsNull: true } && key.IsNullable)
        {
            key.Property.SetValue(section, null);
            return;
        }
        object? value = Value(key.Type, key.Info, path, node);
        if (value is not null)
        {
            key.Property.SetValue(section, value);
        }
    }

    private object? Value(Type type, KeyAttribute info, string path, ConfigNode node)
    {
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            return List(type.GetGenericArguments()[0], info, path, node);
        }
        if (type == typeof(IReadOnlyDictionary<string, string>))
        {
            return Texts(info, path, node);
        }
        if (type == typeof(ChannelValues) && node is ConfigList { Items.Count: 3 } channels)
        {
            return List(typeof(double), info, path, channels) is List<double> { Count: 3 } three ? new ChannelValues(three[0], three[1], three[2]) : null;
        }
        if (node is not ConfigScalar scalar || (scalar.IsNull && type != typeof(string)) || (scalar.IsNull && scalar.Text.Length == 0))
        {
            return Wrong(Scalars.Expected(type, info), path, node);
        }
        object? value = Scalars.Parse(scalar, type);
        if (value is null || !Scalars.InRange(value, info))
        {
            string hint = type.IsEnum && Nearest.Of(scalar.Text, Scalars.Choices(type)) is { } near ? $"; did you mean '{near}'?" : "";
            return Wrong(Scalars.Expected(type, info), path, node, hint);
        }
        return info.IsPath ? Path.GetFullPath(Path.Combine(folderOf(node.Origin), (string)value)) : value;
    }

    private IList? List(Type item, KeyAttribute info, string path, ConfigNode node)
    {
        if (node is not ConfigList list)
        {
            Wrong($"a list like [a, b], each {Scalars.Expected(item, info)}", path, node);
            return null;
        }
        var values = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        foreach (ConfigNode each in list.Items)
        {
            if (Value(item, info, path, each) is { } value)
            {
                values.Add(value);
            }
        }
        return values;
    }

    private Dictionary<string, string>? Texts(KeyAttribute info, string path, ConfigNode node)
    {
        if (node is not ConfigMap map)
        {
            Wrong("a map from names to texts", path, node);
            return null;
        }
        var values = new Dictionary<string, string>();
        foreach ((string name, (_, ConfigNode value)) in map.Entries)
        {
            if (Value(typeof(string), info, Join(path, name), value) is string text)
            {
                values[name] = text;
            }
        }
        return values;
    }

    private object? Wrong(string expected, string path, ConfigNode node, string hint = "")
    {
        faults.Add(node.Origin, path, $"expected {expected}, found {node.Describe()}{hint}");
        return null;
    }
}
