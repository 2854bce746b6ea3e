using System.Globalization;
using System.Text;
using Dwarf.Model.Text;
using Dwarf.Tests.Metrics;

namespace Dwarf.Tests.Text;

/// <summary>The texts of tests/golden/tokenizer/make_strings.js, by the same generator: letters that tokenizers get wrong, among pieces of words.</summary>
internal sealed class GeneratedTexts(WordPiece vocabulary)
{
    private readonly (int First, int Last)[][] _classes =
    [
        .. File.ReadLines(Golden.Path("tokenizer/classes.txt")).Select(line => line.Split(' ').Skip(1).Select(Range).ToArray()),
    ];

    private uint _state = 20240731;

    public string Next(int number)
    {
        var one = _classes[Below(_classes.Length)];
        var text = new StringBuilder();
        if (number % 8 == 0)
        {
            // Long words: about the limit of 100 letters.
            int count = 95 + Below(12);
            string repeated = Below(2) == 0 ? ((char)('a' + Below(26))).ToString() : Letter(one);
            for (int i = 0; i < count; i++)
            {
                text.Append(Below(200) == 0 ? Part() : repeated);
            }
        }
        else
        {
            bool isOneScript = number % 8 == 1;
            int count = 1 + Below(isOneScript ? 40 : 24);
            for (int i = 0; i < count; i++)
            {
                text.Append(isOneScript ? Letter(one) : Part());
            }
        }
        return text.ToString();
    }

    private static (int First, int Last) Range(string text)
    {
        int[] ends = [.. text.Split('-').Select(code => int.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
        return (ends[0], ends[^1]);
    }

    private string Part() => Below(4) switch
    {
        0 => vocabulary.Piece(Below(vocabulary.Count)) + (Below(2) == 0 ? " " : ""),
        1 => " ",
        _ => Letter(_classes[Below(_classes.Length)]),
    };

    private string Letter((int First, int Last)[] ranges)
    {
        int at = Below(ranges.Sum(range => range.Last - range.First + 1));
        foreach ((int first, int last) in ranges)
        {
            if (at <= last - first)
            {
                int code = first + at;
                return code < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32(code);
            }
            at -= last - first + 1;
        }
        throw new InvalidOperationException("a number below the sum of all ranges lies in one of them");
    }

    private int Below(int bound)
    {
        _state = unchecked((_state * 1664525) + 1013904223);
        return (int)(((ulong)_state * (ulong)bound) >> 32);
    }
}

/// <summary>The sums of strings.bin: FNV-1a of 32 bits over a text's UTF-16 words and then its ids.</summary>
internal static class TextSum
{
    public const int Texts = 10_000;

    public static uint[] Golden()
    {
        byte[] bytes = File.ReadAllBytes(Tests.Metrics.Golden.Path("tokenizer/strings.bin"));
        return [.. Enumerable.Range(0, bytes.Length / 4).Select(i => BitConverter.ToUInt32(bytes, 4 * i))];
    }

    public static uint Of(WordPiece tokenizer, IEnumerable<string> texts)
    {
        uint sum = 0x811c9dc5;
        foreach (string text in texts)
        {
            foreach (char word in text)
            {
                sum = Add(sum, word);
            }
            foreach (long id in tokenizer.Encode(text))
            {
                sum = Add(sum, (int)id);
            }
        }
        return sum;
    }

    private static uint Add(uint sum, int word) => unchecked((((sum ^ (uint)(word & 255)) * 0x01000193) ^ (uint)(word >> 8)) * 0x01000193);
}
