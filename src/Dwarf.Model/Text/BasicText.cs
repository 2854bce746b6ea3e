using System.Globalization;
using System.Text;

namespace Dwarf.Model.Text;

/// <summary>
/// BERT's rule for what a word is: control characters go, ideographs stand alone, letters lose case and accents, punctuation stands alone.
/// </summary>
internal static class BasicText
{
    private static readonly Dictionary<int, int[]> Decompositions = ReadDecompositions();

    /// <summary>The words of a text, in order, lower-case and without accents.</summary>
    public static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (Rune letter in Normalize(text))
        {
            bool alone = ReferenceUnicode.IsPunctuation(letter);
            if ((alone || IsSpace(letter)) && word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
            if (alone)
            {
                words.Add(letter.ToString());
            }
            else if (!IsSpace(letter))
            {
                word.Append(letter.ToString());
            }
        }
        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }
        return words;
    }

    // EnumerateRunes turns a lone surrogate into U+FFFD, which is dropped.
    private static IEnumerable<Rune> Normalize(string text)
    {
        foreach (Rune letter in text.EnumerateRunes())
        {
            if (letter.Value == 0xFFFD || ReferenceUnicode.IsControl(letter))
            {
                continue;
            }
            bool ideograph = IsIdeograph(letter.Value);
            if (ideograph)
            {
                yield return new Rune(' ');
            }
            foreach (int part in WithoutAccents(letter.Value))
            {
                yield return Rune.ToLowerInvariant(new Rune(part));
            }
            if (ideograph)
            {
                yield return new Rune(' ');
            }
        }
    }

    private static IEnumerable<int> WithoutAccents(int code)
    {
        const int FirstSyllable = 0xAC00, Syllables = 11172, Vowels = 21, Tails = 28;
        if (code is >= FirstSyllable and < FirstSyllable + Syllables)
        {
            // The Unicode standard, section 3.12: a Hangul syllable is a leading consonant, a vowel and perhaps a tail.
            int index = code - FirstSyllable;
            int tail = index % Tails;
            int[] jamo = [0x1100 + (index / (Vowels * Tails)), 0x1161 + (index / Tails % Vowels), 0x11A7 + tail];
            return tail > 0 ? jamo : jamo[..2];
        }
        if (Decompositions.TryGetValue(code, out int[]? parts))
        {
            return parts;
        }
        return ReferenceUnicode.IsAccent(code) ? [] : [code];
    }

    private static bool IsSpace(Rune letter) => letter.Value is '\t' or '\n' or '\r' || Rune.IsWhiteSpace(letter);

    // The blocks that BERT names: CJK unified and compatibility ideographs, but neither kana nor Hangul. BERT's own list begins the last block of
    // plane 2 at 2B820; Hugging Face's, which the models in use were fed by, at 2B920.
    private static bool IsIdeograph(int code) => code
        is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
        or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private static Dictionary<int, int[]> ReadDecompositions()
    {
        using Stream stream = typeof(BasicText).Assembly.GetManifestResourceStream("decompositions.txt")!;
        using var reader = new StreamReader(stream);
        var table = new Dictionary<int, int[]>();
        while (reader.ReadLine() is { } line)
        {
            int[] codes = [.. line.Split(' ').Select(part => int.Parse(part, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            table[codes[0]] = codes[1..];
        }
        return table;
    }
}
