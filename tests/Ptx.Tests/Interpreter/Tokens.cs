using System.Globalization;
using System.Text.RegularExpressions;

namespace Ptx.Tests.Interpreter;

/// <summary>The words of a PTX text, each with its place. Comments go; .loc lines become the places of what follows them.</summary>
public sealed partial class Tokens
{
    private readonly string _path;
    private readonly List<(string Text, Place Place)> _all = [];
    private int _next;

    public Tokens(string path, string text)
    {
        _path = path;
        var files = new Dictionary<int, string>();
        string? source = null;
        int sourceLine = 0, number = 0;
        // Clang writes the table of files at the end.
        foreach (Match file in FileDirective().Matches(text))
        {
            files[int.Parse(file.Groups[1].Value, CultureInfo.InvariantCulture)] = file.Groups[2].Value;
        }
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = Comment().Replace(raw, "");
            if (FileDirective().IsMatch(line)) continue;
            if (LocDirective().Match(line) is { Success: true } loc)
            {
                source = files.GetValueOrDefault(int.Parse(loc.Groups[1].Value, CultureInfo.InvariantCulture));
                sourceLine = int.Parse(loc.Groups[2].Value, CultureInfo.InvariantCulture);
                continue;
            }
            if (line.StartsWith(".visible", StringComparison.Ordinal)) source = null;   // a kernel's head has no .loc yet
            int at = 0;
            var place = new Place(path, number, source, sourceLine);
            foreach (Match word in Word().Matches(line))
            {
                if (!string.IsNullOrWhiteSpace(line[at..word.Index]))
                {
                    throw PtxException.At(place, $"cannot read '{line[at..word.Index].Trim()}'");
                }
                at = word.Index + word.Length;
                _all.Add((word.Value, place));
            }
            if (!string.IsNullOrWhiteSpace(line[at..])) throw PtxException.At(place, $"cannot read '{line[at..].Trim()}'");
        }
    }

    public bool Done => _next >= _all.Count;

    public Place Place => Done ? new Place(_path, _all.Count == 0 ? 1 : _all[^1].Place.Line, null, 0) : _all[_next].Place;

    public string Peek(int ahead = 0) => _next + ahead < _all.Count ? _all[_next + ahead].Text : "";

    public string Take()
    {
        if (Done) throw PtxException.At(Place, "the text ends too early");
        return _all[_next++].Text;
    }

    public bool Skip(string text)
    {
        if (Peek() != text) return false;
        _next++;
        return true;
    }

    public void Expect(string text)
    {
        Place place = Place;
        string found = Take();
        if (found != text) throw PtxException.At(place, $"expected '{text}', found '{found}'");
    }

    public int Number()
    {
        Place place = Place;
        string found = Take();
        if (!int.TryParse(found, CultureInfo.InvariantCulture, out int value))
        {
            throw PtxException.At(place, $"expected a number, found '{found}'");
        }
        return value;
    }

    [GeneratedRegex(@"//.*$|/\*.*?\*/")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^\s*\.file\s+(\d+)\s+""([^""]*)""", RegexOptions.Multiline)]
    private static partial Regex FileDirective();

    [GeneratedRegex(@"^\s*\.loc\s+(\d+)\s+(\d+)")]
    private static partial Regex LocDirective();

    // Names (with their dots), numbers, strings, single marks.
    [GeneratedRegex(@"[.%$_A-Za-z](?:[\w.$%]|::)*|-?\d[\w.]*|""[^""]*""|[{}()\[\],;:@!+|<>=-]")]
    private static partial Regex Word();
}
