using System.Globalization;
using System.Net;
using Dwarf.Training.Metrics;

namespace Dwarf.Training.Report;

/// <summary>Small pieces of HTML.</summary>
internal static class Html
{
    /// <summary>Text as HTML: no name from a file can become markup.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A metric's value with two digits, or a dash that says why there is none.</summary>
    public static string Value(double? value, string whyNot) =>
        value is null ? $"<span class=\"none\" title=\"{Text(whyNot)}\">–</span>" : Fixed(value.Value, 2);

    /// <summary>"0.61 to 0.82" in small print; nothing without interval.</summary>
    public static string Range(Interval? interval) =>
        interval is null ? "" : $"<small title=\"{Number(interval.Level * 100)}% interval, {interval.Resamples} resamples\">{Fixed(interval.Low, 2)}–{Fixed(interval.High, 2)}</small>";

    /// <summary>How many images a cell rests on.</summary>
    public static string N(int n) => $"<small class=\"n\">n&nbsp;{n.ToString(CultureInfo.InvariantCulture)}</small>";

    /// <summary>A number with a fixed count of digits behind the point.</summary>
    public static string Fixed(double value, int digits)
    {
        var text = value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return text.StartsWith('-') && text.AsSpan(1).IndexOfAnyExcept('0', '.') < 0 ? text[1..] : text;
    }

    /// <summary>A number in as few digits as it needs, at most four behind the point.</summary>
    public static string Number(double value) => value != 0 && Math.Abs(value) < 1e-3
        ? value.ToString("0.##e0", CultureInfo.InvariantCulture)
        : value.ToString("0.####", CultureInfo.InvariantCulture);
}
