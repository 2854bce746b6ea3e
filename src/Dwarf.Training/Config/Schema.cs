using System.Reflection;
using System.Text;

namespace Dwarf.Training.Config;

/// <summary>A part of the configuration that has keys of its own.</summary>
public abstract record ConfigSection;

/// <summary>
/// Makes a property a key of the configuration. Its YAML name is the property's name in snake_case, its default the property's initial
/// value; a nullable property may be left empty. That is all there is to adding a key.
/// </summary>
/// <param name="description">one line: what it does; messages and the generated documentation show it</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyAttribute(string description) : Attribute
{
    /// <summary>One line: what it does.</summary>
    public string Description { get; } = description;

    /// <summary>The smallest number allowed.</summary>
    public double Min { get; init; } = double.NegativeInfinity;

    /// <summary>The largest number allowed.</summary>
    public double Max { get; init; } = double.PositiveInfinity;

    /// <summary>Numbers must be greater than this.</summary>
    public double Above { get; init; } = double.NegativeInfinity;

    /// <summary>Numbers must be smaller than this.</summary>
    public double Below { get; init; } = double.PositiveInfinity;

    /// <summary>Whether the file must give it.</summary>
    public bool Required { get; init; }

    /// <summary>Whether the text is a path, meant from the folder of the file that it stands in.</summary>
    public bool IsPath { get; init; }
}

/// <summary>A key as the schema knows it.</summary>
/// <param name="Name">in YAML</param>
/// <param name="Property">in the record</param>
/// <param name="Info">range and description</param>
internal sealed record SchemaKey(string Name, PropertyInfo Property, KeyAttribute Info)
{
    /// <summary>Type of the value, without the nullability.</summary>
    public Type Type { get; } = Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>Whether it may be left empty.</summary>
    public bool IsNullable { get; } = new NullabilityInfoContext().Create(Property).WriteState == NullabilityState.Nullable;

    /// <summary>Whether the value has keys of its own.</summary>
    public bool IsSection => Type.IsAssignableTo(typeof(ConfigSection));
}

/// <summary>The keys of each section, in the order of the record.</summary>
internal static class Schema
{
    private static readonly Dictionary<Type, IReadOnlyList<SchemaKey>> Cache = [];

    public static IReadOnlyList<SchemaKey> Of(Type section)
    {
        lock (Cache)
        {
            if (!Cache.TryGetValue(section, out IReadOnlyList<SchemaKey>? keys))
            {
                Cache[section] = keys =
                [
                    .. from property in section.GetProperties().OrderBy(property => property.MetadataToken)
                       let info = property.GetCustomAttribute<KeyAttribute>()
                       where info is not null
                       select new SchemaKey(Words(property.Name, '_'), property, info),
                ];
            }
            return keys;
        }
    }

    /// <summary>Every key below a section with its dotted path, sections included.</summary>
    public static IEnumerable<(string Path, SchemaKey Key)> Walk(Type section, string prefix = "")
    {
        foreach (SchemaKey key in Of(section))
        {
            string path = prefix + key.Name;
            yield return (path, key);
            if (key.IsSection)
            {
                foreach ((string Path, SchemaKey Key) below in Walk(key.Type, path + "."))
                {
                    yield return below;
                }
            }
        }
    }

    /// <summary>"FindingPerEpoch" to "finding-per-epoch" or, with an underscore, "finding_per_epoch".</summary>
    public static string Words(string name, char separator)
    {
        var words = new StringBuilder();
        foreach (char letter in name)
        {
            if (char.IsUpper(letter) && words.Length > 0)
            {
                words.Append(separator);
            }
            words.Append(char.ToLowerInvariant(letter));
        }
        return words.ToString();
    }
}
