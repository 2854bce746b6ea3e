using System.Globalization;

namespace Dwarf.Training.Data;

/// <summary>What a <see cref="JsonValue"/> is.</summary>
public enum JsonKind
{
    /// <summary>{...}</summary>
    Object,

    /// <summary>[...]</summary>
    Array,

    /// <summary>"..."</summary>
    Text,

    /// <summary>A number; NaN and infinities, which JSON does not have, are kept so that a reader can say where they stand.</summary>
    Number,

    /// <summary>true, false or null.</summary>
    Word,
}

/// <summary>A JSON value that knows where it stands.</summary>
/// <param name="Kind">which of the fields below holds it</param>
/// <param name="Line">from 1</param>
/// <param name="Column">from 1, in characters</param>
public sealed record JsonValue(JsonKind Kind, int Line, int Column)
{
    /// <summary>A text or a word.</summary>
    public string Text { get; init; } = "";

    /// <summary>A number.</summary>
    public double Number { get; init; }

    /// <summary>The elements of an array.</summary>
    public IReadOnlyList<JsonValue> Items { get; init; } = [];

    /// <summary>The members of an object in the order of the file; a key may stand there twice.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonValue>> Members { get; init; } = [];

    /// <summary>Line and column, for messages.</summary>
    public string Place => $"line {Line}, column {Column}";

    /// <summary>What stands there, in words.</summary>
    public string Describe() => Kind switch
    {
        JsonKind.Object => "an object",
        JsonKind.Array => $"a list of {Items.Count}",
        JsonKind.Text => $"'{(Text.Length > 40 ? Text[..40] + "…" : Text)}'",
        JsonKind.Number => Number.ToString(CultureInfo.InvariantCulture),
        _ => Text,
    };
}
