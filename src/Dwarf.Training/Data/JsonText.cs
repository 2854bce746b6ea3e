using System.Globalization;
using System.Text;
using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>
/// Reads JSON (RFC 8259) into values that know their place. It differs from System.Text.Json where a data check must go on: NaN and
/// infinities come through as numbers, and keys that stand there twice both come through, so that the reader above can report each with
/// its record.
/// </summary>
public sealed class JsonText
{
    private const int MaxDepth = 64;

    private static readonly (string Word, double Value)[] NoNumbers =
        [("NaN", double.NaN), ("Infinity", double.PositiveInfinity), ("-Infinity", double.NegativeInfinity)];

    private readonly string _file;
    private readonly string _text;
    private int _position;
    private int _line = 1;
    private int _lineStart;

    private JsonText(string text, string file) => (_text, _file) = (text, file);

    /// <summary>Reads a whole text.</summary>
    /// <param name="text">one JSON value</param>
    /// <param name="file">its name, for messages</param>
    /// <exception cref="DwarfException">not JSON, or nested deeper than 64 (content)</exception>
    public static JsonValue Parse(string text, string file)
    {
        var reader = new JsonText(text, file);
        JsonValue value = reader.ReadValue(0);
        reader.SkipSpace();
        return reader._position == text.Length ? value : throw reader.Wrong("expected the end of the file");
    }

    /// <summary>Reads a whole file.</summary>
    public static JsonValue Load(string path) => Parse(InputFile.ReadText(path), path);

    private JsonValue ReadValue(int depth)
    {
        SkipSpace();
        if (depth > MaxDepth)
        {
            throw Wrong($"nested deeper than {MaxDepth}");
        }

        int line = _line;
        int column = _position - _lineStart + 1;
        switch (Peek())
        {
            case '{':
                return new JsonValue(JsonKind.Object, line, column) { Members = ReadList('}', () => ReadMember(depth)) };
            case '[':
                return new JsonValue(JsonKind.Array, line, column) { Items = ReadList(']', () => ReadValue(depth + 1)) };
            case '"':
                return new JsonValue(JsonKind.Text, line, column) { Text = ReadText() };
        }

        foreach (string word in (string[])["true", "false", "null"])
        {
            if (Take(word))
            {
                return new JsonValue(JsonKind.Word, line, column) { Text = word };
            }
        }

        return new JsonValue(JsonKind.Number, line, column) { Number = ReadNumber() };
    }

    private KeyValuePair<string, JsonValue> ReadMember(int depth)
    {
        SkipSpace();
        string key = Peek() == '"' ? ReadText() : throw Wrong("expected a key in quotes");
        SkipSpace();
        return Take(":") ? new(key, ReadValue(depth + 1)) : throw Wrong($"expected ':' after the key '{key}'");
    }

    private List<T> ReadList<T>(char end, Func<T> readElement)
    {
        var list = new List<T>();
        _position++;
        SkipSpace();
        if (Take(end.ToString()))
        {
            return list;
        }

        while (true)
        {
            list.Add(readElement());
            SkipSpace();
            if (Take(end.ToString()))
            {
                return list;
            }

            if (!Take(","))
            {
                throw Wrong($"expected ',' or '{end}'");
            }
        }
    }

    private string ReadText()
    {
        var text = new StringBuilder();
        while (true)
        {
            _position++;
            char c = Peek();
            switch (c)
            {
                case '"':
                    _position++;
                    return text.ToString();
                case '\\':
                    _position++;
                    text.Append(ReadEscape());
                    break;
                case < ' ':
                    throw Wrong(_position < _text.Length ? "a control character inside a text" : "a text is opened and never closed");
                default:
                    text.Append(c);
                    break;
            }
        }
    }

    private char ReadEscape()
    {
        const string Names = "\"\\/bfnrt";
        const string Meanings = "\"\\/\b\f\n\r\t";
        int known = Names.IndexOf(Peek(), StringComparison.Ordinal);
        if (known >= 0)
        {
            return Meanings[known];
        }

        ReadOnlySpan<char> digits = _position + 4 < _text.Length ? _text.AsSpan(_position + 1, 4) : [];
        if (Peek() == 'u' && ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code))
        {
            _position += 4;
            return (char)code;
        }

        throw Wrong("an escape that JSON does not have");
    }

    private double ReadNumber()
    {
        foreach (var (word, value) in NoNumbers)
        {
            if (Take(word))
            {
                return value;
            }
        }

        int start = _position;
        while (char.IsAsciiDigit(Peek()) || Peek() is '-' or '+' or '.' or 'e' or 'E')
        {
            _position++;
        }

        ReadOnlySpan<char> digits = _text.AsSpan(start, _position - start);
        ReadOnlySpan<char> unsigned = digits.TrimStart('-');
        bool wellFormed = unsigned.Length > 0 && digits.Length - unsigned.Length <= 1 && char.IsAsciiDigit(unsigned[0])
            && !(unsigned.Length > 1 && unsigned[0] == '0' && char.IsAsciiDigit(unsigned[1])) && char.IsAsciiDigit(digits[^1])
            && !unsigned.Contains(".e", StringComparison.OrdinalIgnoreCase);
        if (wellFormed && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            return number;
        }

        _position = start;
        string found = _position < _text.Length ? $"'{_text[_position]}'" : "the end of the file";
        throw Wrong($"expected a value, found {found}");
    }

    private void SkipSpace()
    {
        for (; _position < _text.Length && _text[_position] is ' ' or '\t' or '\r' or '\n'; _position++)
        {
            if (_text[_position] == '\n')
            {
                _line++;
                _lineStart = _position + 1;
            }
        }
    }

    /// <summary>The next character; NUL at the end of the text.</summary>
    private char Peek() => _position < _text.Length ? _text[_position] : '\0';

    private bool Take(string expected)
    {
        bool there = string.CompareOrdinal(_text, _position, expected, 0, expected.Length) == 0;
        _position += there ? expected.Length : 0;
        return there;
    }

    private DwarfException Wrong(string what) =>
        new(ErrorKind.Content, $"{_file}: line {_line}, column {_position - _lineStart + 1}: {what}");
}
