using System.Text;
using System.Text.RegularExpressions;
using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>Which weights a name or pattern of the configuration means.</summary>
/// <remarks>
/// A plain name means the weight of that name and all whose names go on from it after a dot. In a pattern * stands for any characters, dots
/// too, [0-5] or [024] for one character, {0..11} for a number of that range; what it matches must be a whole name, or end before a dot.
/// </remarks>
public sealed class NamePattern
{
    private readonly Regex _expression;

    private NamePattern(string text, Regex expression) => (Text, _expression) = (text, expression);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Reads a pattern.</summary>
    /// <param name="text">such as text_encoder, image_encoder.vit.encoder.layer.{0..5} or "*.bias"</param>
    /// <returns>the pattern</returns>
    /// <exception cref="DwarfException">a bracket that is not closed, or what stands in it makes no sense (configuration)</exception>
    public static NamePattern Of(string text)
    {
        var expression = new StringBuilder("^");
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '*':
                    expression.Append(".*");
                    break;
                case '[':
                    string set = Inside(text, ref i, ']');
                    expression.Append('[').Append(Set(text, set)).Append(']');
                    break;
                case '{':
                    expression.Append(Range(text, Inside(text, ref i, '}')));
                    break;
                default:
                    expression.Append(Regex.Escape(text[i].ToString()));
                    break;
            }
        }

        expression.Append(text.EndsWith('.') ? "" : @"(\.|\z)");
        return new NamePattern(text, new Regex(expression.ToString(), RegexOptions.CultureInvariant));
    }

    /// <summary>Whether it means a weight.</summary>
    /// <param name="name">in weight files</param>
    /// <returns>true if it does</returns>
    public bool Fits(string name) => _expression.IsMatch(name);

    /// <summary>What to tell a user whose pattern means no weight at all.</summary>
    /// <param name="names">all there are, in weight files</param>
    /// <returns>one line with the nearest part of a name</returns>
    public string FitsNothing(IEnumerable<string> names)
    {
        bool plain = Text.IndexOfAny(['*', '[', '{']) < 0;
        string[] known = [.. names.SelectMany(Beginnings).Distinct()];
        return plain
            ? $"no weight's name begins with '{Text}'{Nearest.Hint(Text, known)}"
            : $"no weight's name fits '{Text}'; names are such as '{names.FirstOrDefault()}'";
    }

    private static IEnumerable<string> Beginnings(string name)
    {
        for (int dot = name.IndexOf('.', StringComparison.Ordinal); dot > 0; dot = name.IndexOf('.', dot + 1))
        {
            yield return name[..dot];
        }

        yield return name;
    }

    private static string Inside(string text, ref int at, char close)
    {
        int end = text.IndexOf(close, at);
        if (end < 0)
        {
            throw Wrong(text, $"'{text[at]}' has no '{close}'");
        }

        string inside = text[(at + 1)..end];
        at = end;
        return inside;
    }

    private static string Set(string text, string set) => set.Length > 0 && set.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        && !set.StartsWith('-') && !set.EndsWith('-')
        && Enumerable.Range(0, set.Length).All(i => set[i] != '-' || (set[i - 1] < set[i + 1] && set[i + 1] != '-'))
        ? set
        : throw Wrong(text, $"expected [0-5] or [024], found [{set}]");

    private static string Range(string text, string range)
    {
        int dots = range.IndexOf("..", StringComparison.Ordinal);
        return dots > 0 && int.TryParse(range[..dots], out int from) && int.TryParse(range[(dots + 2)..], out int to) && from >= 0 && from <= to && to < 10_000
            ? $"({string.Join('|', Enumerable.Range(from, to - from + 1))})"
            : throw Wrong(text, $"expected {{0..11}}, found {{{range}}}");
    }

    private static DwarfException Wrong(string text, string message) => new(ErrorKind.Configuration, $"'{text}': {message}");
}
