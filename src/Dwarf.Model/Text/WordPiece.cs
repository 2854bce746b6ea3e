using System.Text;
using Engine.Tensors;

namespace Dwarf.Model.Text;

/// <summary>BERT's uncased tokenizer: words after <see cref="BasicText"/>'s rule, cut greedily into the longest pieces of a vocabulary.</summary>
/// <remarks>Devlin et al. 2018, arXiv:1810.04805; the golden table of the tests comes from Hugging Face's implementation.</remarks>
public sealed class WordPiece
{
    private const int LongestWord = 100;
    private static readonly string[] SpecialNames = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    private readonly Dictionary<string, int> _ids = [];
    private readonly string[] _pieces;
    private readonly int _unknown;
    private readonly int _begin;
    private readonly int _end;
    private readonly int _padding;

    private WordPiece(string[] pieces, string source)
    {
        _pieces = pieces;
        for (int id = 0; id < pieces.Length; id++)
        {
            if (!_ids.TryAdd(pieces[id], id))
            {
                throw new DwarfException(ErrorKind.Content, $"{source}:{id + 1}: the piece '{pieces[id]}' stands twice, first in line {_ids[pieces[id]] + 1}");
            }
        }
        (_padding, _unknown, _begin, _end) = (Special("[PAD]"), Special("[UNK]"), Special("[CLS]"), Special("[SEP]"));

        int Special(string piece) => _ids.TryGetValue(piece, out int id)
            ? id
            : throw new DwarfException(ErrorKind.Content, $"{source}: not a WordPiece vocabulary: the piece {piece} is missing");
    }

    /// <summary>Pieces in the vocabulary.</summary>
    public int Count => _pieces.Length;

    /// <summary>Reads a vocabulary: a piece a line, its number counted from 0.</summary>
    /// <param name="path">the file, UTF-8</param>
    /// <exception cref="DwarfException">not there (missing input); a piece twice, a special piece missing, not UTF-8 (content)</exception>
    public static WordPiece Load(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                throw new DwarfException(ErrorKind.MissingInput, $"{path}: no such vocabulary file");
            }
            if (new FileInfo(path).Length == 0)
            {
                throw new DwarfException(ErrorKind.Content, $"{path}: an empty vocabulary (or a pipe or device)");
            }
            string text = File.ReadAllText(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
            // Only line feeds end a line: some pieces are signs that other readers take for line ends.
            string[] lines = text.Split('\n');
            int count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
            return new WordPiece([.. lines.Take(count).Select(line => line.TrimEnd('\r'))], path);
        }
        catch (DecoderFallbackException error)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: not UTF-8 text", error);
        }
    }

    /// <summary>The piece with a number.</summary>
    /// <param name="id">0 to <see cref="Count"/> − 1</param>
    public string Piece(long id) => _pieces[id];

    /// <summary>The numbers of a text: [CLS], its pieces, [SEP].</summary>
    /// <param name="text">any text; [MASK] and the like in it stand for themselves</param>
    /// <param name="maxLength">longer texts are cut before the [SEP]; at least 2</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> is below 2</exception>
    public long[] Encode(string text, int maxLength = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        var ids = new List<long> { _begin };
        foreach ((string part, bool isSpecial) in SplitAtSpecials(text))
        {
            if (isSpecial)
            {
                ids.Add(_ids[part]);
                continue;
            }
            foreach (string word in BasicText.Words(part))
            {
                AddPieces(word, ids);
            }
        }
        if (ids.Count > maxLength - 1)
        {
            ids.RemoveRange(maxLength - 1, ids.Count - (maxLength - 1));
        }
        ids.Add(_end);
        return [.. ids];
    }

    /// <summary>Several texts as one batch, padded to the longest.</summary>
    /// <param name="texts">at least one</param>
    /// <param name="maxLength">tokens of a text, [CLS] and [SEP] included</param>
    /// <returns>ids [texts, tokens] i64, and a mask of the same shape, i64 as in files: 1 where a token is, 0 where padding is</returns>
    public (Tensor Ids, Tensor AttentionMask) Batch(IReadOnlyList<string> texts, int maxLength)
    {
        long[][] rows = [.. texts.Select(text => Encode(text, maxLength))];
        int length = rows.Select(row => row.Length).DefaultIfEmpty().Max();
        var ids = new long[rows.Length * length];
        var mask = new long[rows.Length * length];
        Array.Fill(ids, _padding);
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row].CopyTo(ids, row * length);
            Array.Fill(mask, 1, row * length, rows[row].Length);
        }
        Shape shape = [rows.Length, length];
        return (Tensor.From<long>(shape, ids), Tensor.From<long>(shape, mask));
    }

    private static IEnumerable<(string Part, bool IsSpecial)> SplitAtSpecials(string text)
    {
        int start = 0;
        for (int at = text.IndexOf('[', StringComparison.Ordinal); at >= 0; at = text.IndexOf('[', at + 1))
        {
            if (Array.Find(SpecialNames, name => string.CompareOrdinal(text, at, name, 0, name.Length) == 0) is { } special)
            {
                yield return (text[start..at], false);
                yield return (special, true);
                start = at + special.Length;
                at = start - 1;
            }
        }
        yield return (text[start..], false);
    }

    private void AddPieces(string word, List<long> ids)
    {
        int before = ids.Count;
        // A piece starts with a whole code point, and the limit counts those.
        if (word.EnumerateRunes().Count() > LongestWord)
        {
            ids.Add(_unknown);
            return;
        }
        for (int start = 0; start < word.Length;)
        {
            int end = word.Length;
            string prefix = start > 0 ? "##" : "";
            int id = -1;
            while (end > start && !_ids.TryGetValue(prefix + word[start..end], out id))
            {
                end--;
            }
            if (end == start)
            {
                // One part that no piece covers makes the whole word unknown.
                ids.RemoveRange(before, ids.Count - before);
                ids.Add(_unknown);
                return;
            }
            ids.Add(id);
            start = end;
        }
    }
}
