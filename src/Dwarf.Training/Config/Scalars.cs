using System.Globalization;
using Dwarf.Model.Weights;
using Engine.Tensors;

namespace Dwarf.Training.Config;

/// <summary>Text to values and back, one rule for the binder, the writer and the documentation.</summary>
internal static class Scalars
{
    /// <summary>Reads a scalar; null where it is not of the type. Ranges are the caller's business.</summary>
    public static object? Parse(ConfigScalar scalar, Type type)
    {
        string text = scalar.Text;
        if (type == typeof(string))
        {
            return text;
        }
        if (scalar.IsQuoted)
        {
            return null;
        }
        if (type == typeof(bool))
        {
            return text switch { "true" => true, "false" => false, _ => null };
        }
        if (type == typeof(int) || type == typeof(long))
        {
            // 010 is eight in YAML 1.1 and ten in 1.2: refused.
            bool ambiguous = text.TrimStart('-') is { Length: > 1 } digits && digits[0] == '0';
            if (ambiguous || !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
            {
                return null;
            }
            return type == typeof(long) ? whole : whole is >= int.MinValue and <= int.MaxValue ? (int)whole : null;
        }
        if (type == typeof(ChannelValues))
        {
            return Parse(scalar, typeof(double)) is double all ? (ChannelValues)all : null;
        }
        if (type == typeof(double))
        {
            const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
            return double.TryParse(text, Style, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : null;
        }
        int choice = Array.IndexOf(Choices(type), text);
        return choice < 0 ? null : ChoiceValues(type).GetValue(choice);
    }

    /// <summary>What a value of this type and range looks like, in words.</summary>
    public static string Expected(Type type, KeyAttribute info)
    {
        if (type.IsEnum)
        {
            return "one of " + string.Join(", ", Choices(type));
        }
        string noun = type == typeof(bool) ? "true or false"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) ? "a number"
            : type == typeof(ChannelValues) ? "a number or a list of three"
            : info.IsPath ? "a path" : "text";
        return noun + Range(info);
    }

    /// <summary>Whether the number lies in the range of its key; anything else does.</summary>
    public static bool InRange(object value, KeyAttribute info) =>
        value is ChannelValues channels
        ? InRange(channels.Red, info) && InRange(channels.Green, info) && InRange(channels.Blue, info)
        : value is string or bool or Enum
        || (Convert.ToDouble(value, CultureInfo.InvariantCulture) is var number
            && number >= info.Min && number <= info.Max && number > info.Above && number < info.Below);

    /// <summary>As it is written into YAML.</summary>
    public static string Format(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        Enum choice => Choices(choice.GetType())[Array.IndexOf(ChoiceValues(choice.GetType()), choice)],
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        ChannelValues channels => channels.ToString(),
        IFormattable whole => whole.ToString(null, CultureInfo.InvariantCulture),
        _ => Quote((string)value),
    };

    /// <summary>Text that reads back as the same text, in quotes only where it needs them.</summary>
    public static string Quote(string text)
    {
        bool plain = text.Length > 0 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '/' or '.' or ' ')
            && char.IsAsciiLetter(text[0]) && text[^1] != ' ' && text.ToLowerInvariant() is not ("null" or "true" or "false" or "yes" or "no");
        if (plain)
        {
            return text;
        }
        IEnumerable<string> letters = text.Select(letter => letter switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            _ when char.IsControl(letter) || char.IsSurrogate(letter) || letter > 0x7e => $"\\u{(int)letter:x4}",
            _ => letter.ToString(),
        });
        return $"\"{string.Concat(letters)}\"";
    }

    /// <summary>The words a choice can be, in the order of the enum.</summary>
    public static string[] Choices(Type type) => type == typeof(DType)
        ? [.. ChoiceValues(type).Cast<DType>().Select(dtype => dtype.Label())]
        : [.. Enum.GetNames(type).Select(name => Schema.Words(name, '-'))];

    private static Array ChoiceValues(Type type) => type == typeof(DType)
        ? Enum.GetValues<DType>().Where(dtype => dtype.IsFloating()).ToArray()
        : Enum.GetValues(type);

    private static string Range(KeyAttribute info)
    {
        string low = double.IsFinite(info.Min) ? $" of at least {Format(info.Min)}" : double.IsFinite(info.Above) ? $" above {Format(info.Above)}" : "";
        string high = double.IsFinite(info.Max) ? $"at most {Format(info.Max)}" : double.IsFinite(info.Below) ? $"below {Format(info.Below)}" : "";
        return low.Length == 0 && high.Length == 0 ? "" : low.Length == 0 ? $" of {high}" : high.Length == 0 ? low : $"{low} and {high}";
    }
}
