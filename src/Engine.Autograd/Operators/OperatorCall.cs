using System.Globalization;
using Engine.Tensors;

namespace Engine.Autograd.Operators;

/// <summary>One call of an operator by name: inputs and attributes, read and checked against its <see cref="OperatorInfo"/>.</summary>
public sealed class OperatorCall
{
    private readonly OperatorInfo _info;
    private readonly Dictionary<string, Variable> _inputs;
    private readonly Dictionary<string, string> _attributes;

    /// <summary>Checks names and presence.</summary>
    /// <param name="tape">runs the operator</param>
    /// <param name="info">the operator</param>
    /// <param name="inputs">by name</param>
    /// <param name="attributes">text by name</param>
    /// <exception cref="DwarfException">unknown or missing input (content), unknown or missing attribute (usage)</exception>
    public OperatorCall(Tape tape, OperatorInfo info, IReadOnlyDictionary<string, Variable> inputs, IReadOnlyDictionary<string, string> attributes)
    {
        Tape = tape;
        _info = info;
        _inputs = new Dictionary<string, Variable>(inputs);
        _attributes = new Dictionary<string, string>(attributes);
        foreach (string name in _attributes.Keys)
        {
            if (!info.Attributes.Any(a => a.Name == name))
            {
                string known = info.Attributes.Length == 0 ? "it has none" : "it has " + string.Join(", ", info.Attributes.Select(a => a.Name));
                throw new DwarfException(ErrorKind.Usage, $"{info.Name}: unknown attribute '{name}'; {known}");
            }
        }

        foreach (var attribute in info.Attributes)
        {
            if (attribute.Required && !_attributes.ContainsKey(attribute.Name))
            {
                throw new DwarfException(ErrorKind.Usage, $"{info.Name}: attribute '{attribute.Name}' must be given");
            }
        }

        foreach (var input in info.Inputs)
        {
            if (!input.Optional && !_inputs.ContainsKey(input.Variadic ? input.Name + "0" : input.Name))
            {
                throw new DwarfException(ErrorKind.Content, $"{info.Name}: input '{input.Name}' {input.Shape} is missing");
            }
        }

        foreach (var (name, value) in _inputs)
        {
            var input = Declaration(info, name)
                ?? throw new DwarfException(ErrorKind.Content, $"{info.Name}: unknown input '{name}'; it takes {string.Join(", ", info.Inputs.Select(i => i.Name))}");
            bool fits = input.DType == "float" ? value.DType.IsFloating() : value.DType.Label() == input.DType;
            if (!fits)
            {
                throw new DTypeException($"{info.Name}: {name} must be {input.DType}, found {value.DType.Label()}");
            }
        }
    }

    /// <summary>Runs the operator.</summary>
    public Tape Tape { get; }

    /// <summary>The declaration that an input name belongs to: its own, or a variadic one's (x3 belongs to x).</summary>
    /// <param name="info">the operator</param>
    /// <param name="name">name of a tensor</param>
    /// <returns>null if there is none</returns>
    public static InputInfo? Declaration(OperatorInfo info, string name) => Array.Find(info.Inputs, i => i.Variadic
        ? name.StartsWith(i.Name, StringComparison.Ordinal) && int.TryParse(name.AsSpan(i.Name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _)
        : i.Name == name);

    /// <summary>A given input.</summary>
    /// <param name="name">its name</param>
    /// <returns>the variable</returns>
    public Variable Input(string name) => _inputs[name];

    /// <summary>An input that may be absent.</summary>
    /// <param name="name">its name</param>
    /// <returns>the variable or null</returns>
    public Variable? Optional(string name) => _inputs.GetValueOrDefault(name);

    /// <summary>The inputs name0, name1, … without a gap.</summary>
    /// <param name="name">the stem</param>
    /// <returns>at least one</returns>
    public Variable[] Variadic(string name)
    {
        int count = _inputs.Keys.Count(k => k.StartsWith(name, StringComparison.Ordinal));
        return [.. Enumerable.Range(0, count).Select(i => _inputs.TryGetValue($"{name}{i}", out var v)
            ? v
            : throw new DwarfException(ErrorKind.Content, $"{_info.Name}: input '{name}{i}' is missing ({count} inputs were found)"))];
    }

    /// <summary>Whether the call gives this attribute.</summary>
    /// <param name="name">its name</param>
    /// <returns>false: the default applies</returns>
    public bool Has(string name) => _attributes.ContainsKey(name);

    /// <summary>A floating attribute; infinity may be written as Python and C write it.</summary>
    /// <param name="name">its name</param>
    /// <returns>its value or the default</returns>
    public double Number(string name) => Text(name) switch
    {
        "inf" or "+inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) => value,
        _ => throw Wrong(name, "a number"),
    };

    /// <summary>An integer attribute.</summary>
    /// <param name="name">its name</param>
    /// <returns>its value or the default</returns>
    public long Integer(string name) =>
        long.TryParse(Text(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : throw Wrong(name, "an integer");

    /// <summary>A truth value.</summary>
    /// <param name="name">its name</param>
    /// <returns>its value or the default</returns>
    public bool Bool(string name) => Text(name) switch
    {
        "true" or "True" or "1" => true,
        "false" or "False" or "0" => false,
        _ => throw Wrong(name, "true or false"),
    };

    /// <summary>Integers separated by commas.</summary>
    /// <param name="name">its name</param>
    /// <returns>its values; null where neither it nor a default is given</returns>
    public long[]? Integers(string name)
    {
        string text = Text(name);
        return text.Length == 0
            ? null
            : [.. text.Split(',').Select(t => long.TryParse(t, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long v)
                ? v
                : throw Wrong(name, "integers separated by commas"))];
    }

    /// <summary>One of the attribute's choices.</summary>
    /// <param name="name">its name</param>
    /// <returns>its value or the default</returns>
    public string Choice(string name)
    {
        var choices = Array.Find(_info.Attributes, a => a.Name == name)!.Choices;
        string text = Text(name);
        return choices.Contains(text) ? text : throw Wrong(name, $"one of {string.Join(", ", choices)}");
    }

    private string Text(string name) => _attributes.TryGetValue(name, out string? text)
        ? text
        : Array.Find(_info.Attributes, a => a.Name == name)!.Default;

    private DwarfException Wrong(string name, string expected) =>
        new(ErrorKind.Usage, $"{_info.Name}: attribute {name} must be {expected}, found '{Text(name)}'");
}
