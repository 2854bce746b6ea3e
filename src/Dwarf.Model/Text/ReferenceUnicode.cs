using System.Globalization;
using System.Text;

namespace Dwarf.Model.Text;

/// <summary>
/// Categories of characters as the tokenizers that published models run with know them. Their tables are those of Unicode 8; ours grow with
/// every .NET, and a text must not change its tokens because of that. So punctuation, accents and format characters that came
/// later are plain letters here, and three that have changed category since keep their old one.
/// </summary>
internal static class ReferenceUnicode
{
    // Between a first and a last there may be older letters, but no older punctuation, accents or format characters.
    private static readonly (int First, int Last)[] Later =
    [
        (0x61D, 0x61D), (0x7FD, 0x7FD), (0x890, 0x8E2), (0x9FD, 0x9FE), (0xA76, 0xA76), (0xAFA, 0xAFF), (0xB55, 0xB55), (0xC04, 0xC3C),
        (0xC77, 0xC77), (0xC84, 0xC84), (0xD00, 0xD00), (0xD3B, 0xD3C), (0xD81, 0xD81), (0xEBA, 0xEBA), (0xECE, 0xECE), (0x180F, 0x1886),
        (0x1ABF, 0x1ACE), (0x1B4E, 0x1B4F), (0x1B7D, 0x1B7F), (0x1DF6, 0x1DFB), (0x2E43, 0x2E5D), (0xA82C, 0xA82C), (0xA8C5, 0xA8C5),
        (0xA8FF, 0xA8FF), (0xA9BD, 0xA9BD), (0x10D24, 0x10F89), (0x11070, 0x11074), (0x110C2, 0x110CD), (0x111CF, 0x111CF), (0x1123E, 0x11241),
        (0x1133B, 0x1133B), (0x113BB, 0x1145E), (0x11660, 0x1166C), (0x116B9, 0x116B9), (0x1182F, 0x11FFF), (0x12FF1, 0x1612F),
        (0x16D6D, 0x16F4F), (0x16FE2, 0x16FE4), (0x1CF00, 0x1CF46), (0x1E000, 0x1E5FF), (0x1E944, 0x1E95F),
    ];

    /// <summary>Whether a letter is taken out of the text. Code points that nobody has assigned are not.</summary>
    public static bool IsControl(Rune letter) => letter.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(letter) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse && !IsLater(letter.Value);

    /// <summary>Whether a letter is a word of its own. Every ASCII sign is, also what Unicode calls symbols: &gt; &lt; = + $ ^ ` | ~.</summary>
    public static bool IsPunctuation(Rune letter) => letter.IsAscii
        ? letter.Value > ' ' && letter.Value < 0x7f && !char.IsAsciiLetterOrDigit((char)letter.Value)
        : letter.Value is 0x166D or 0x111C9 || (Rune.IsPunctuation(letter) && !IsLater(letter.Value));

    /// <summary>Whether a letter is an accent, to be dropped.</summary>
    public static bool IsAccent(int code) => code is 0x1734 or 0x1171E
        || (code != 0x111C9 && Rune.GetUnicodeCategory(new Rune(code)) == UnicodeCategory.NonSpacingMark && !IsLater(code));

    private static bool IsLater(int code)
    {
        foreach ((int first, int last) in Later)
        {
            if (code <= last)
            {
                return code >= first;
            }
        }
        return false;
    }
}
