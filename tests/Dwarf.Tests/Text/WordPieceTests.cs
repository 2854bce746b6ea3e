using System.Text.Json;
using CsCheck;
using Dwarf.Model.Text;
using Dwarf.Tests.Metrics;
using Dwarf.Tests.Shell;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Text;

public sealed class WordPieceTests : IDisposable
{
    private static readonly string Vocabulary = Golden.Path("../../data/bert-vocab/vocab.txt");
    private static readonly Lazy<WordPiece> Bert = new(() => WordPiece.Load(Vocabulary));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dwarf-vocab-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Ids_equal_those_of_an_independent_tokenizer_over_symbols_accents_scripts_and_control_characters()
    {
        int cases = 0;
        foreach (string line in File.ReadLines(Golden.Path("tokenizer/bert-uncased.jsonl")))
        {
            JsonElement golden = JsonDocument.Parse(line).RootElement;
            string text = golden.GetProperty("text").GetString()!;
            long[] ids = [.. golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())];
            Assert.True(ids.SequenceEqual(Bert.Value.Encode(text)), $"{line}\nfound {string.Join(',', Bert.Value.Encode(text))}");
            cases++;
        }
        Assert.Equal(470, cases);
    }

    [Fact]
    public void Ten_thousand_generated_texts_have_the_ids_of_an_independent_tokenizer()
    {
        var texts = new GeneratedTexts(Bert.Value);
        uint[] sums = TextSum.Golden();
        int[] wrong = [.. Enumerable.Range(0, TextSum.Texts).Where(number => TextSum.Of(Bert.Value, [texts.Next(number)]) != sums[number]).Take(10)];
        Assert.True(wrong.Length == 0, $"make_strings.js prints these texts, by number: {string.Join(", ", wrong)}");
    }

    [Fact]
    public void Every_piece_of_the_vocabulary_as_a_text_has_the_ids_of_an_independent_tokenizer()
    {
        string[] pieces = [.. Enumerable.Range(0, Bert.Value.Count).Select(id => Bert.Value.Piece(id))];
        uint[] sums = TextSum.Golden()[TextSum.Texts..];
        Assert.Equal(30_522, pieces.Length);
        int[] wrong = [.. pieces.Chunk(16).Index().Where(chunk => TextSum.Of(Bert.Value, chunk.Item) != sums[chunk.Index]).Select(chunk => chunk.Index * 16)];
        Assert.True(wrong.Length == 0, $"among the 16 pieces from each of {string.Join(", ", wrong)} on");
    }

    [Fact]
    public void Every_code_point_between_two_letters_has_the_ids_of_an_independent_tokenizer()
    {
        uint[] sums = TextSum.Golden()[(TextSum.Texts + ((30_522 + 15) / 16))..];
        Assert.Equal(0x1100, sums.Length);
        var wrong = new List<string>();
        for (int block = 0; block < sums.Length; block++)
        {
            var codes = Enumerable.Range(block * 256, 256).Where(code => code is < 0xD800 or > 0xDFFF);
            if (TextSum.Of(Bert.Value, codes.Select(code => "a" + char.ConvertFromUtf32(code) + "b")) != sums[block])
            {
                wrong.Add($"{block:x}00");
            }
        }
        Assert.True(wrong.Count == 0, $"among the 256 code points from each of {string.Join(", ", wrong)} on");
    }

    [Theory]
    [InlineData(2, "[CLS] [SEP]")]
    [InlineData(4, "[CLS] pl ##eur [SEP]")]
    [InlineData(5, "[CLS] pl ##eur ##al [SEP]")]
    [InlineData(6, "[CLS] pl ##eur ##al [SEP]")]
    public void A_long_text_is_cut_before_its_separator(int maxLength, string pieces) =>
        Assert.Equal(pieces, string.Join(' ', Bert.Value.Encode("Pleural", maxLength).Select(Bert.Value.Piece)));

    [Fact]
    public void A_batch_is_padded_to_its_longest_text_and_the_mask_shows_where()
    {
        (Tensor ids, Tensor mask) = Bert.Value.Batch(["mass", "Pleural"], maxLength: 16);
        Assert.Equal([2, 5], new[] { ids.Shape[0], ids.Shape[1] });
        Assert.Equal([101L, 3742, 102, 0, 0, 101, 20228, 11236, 2389, 102], ids.ToArray<long>());
        Assert.Equal([1L, 1, 1, 0, 0, 1, 1, 1, 1, 1], mask.ToArray<long>());
    }

    [Fact]
    public void Any_text_gives_ids_between_its_marks_and_a_megabyte_is_one_unknown_word()
    {
        Gen.String.Sample(text =>
        {
            long[] ids = Bert.Value.Encode(text);
            Assert.Equal((101L, 102L), (ids[0], ids[^1]));
            Assert.All(ids, id => Assert.InRange(id, 0, Bert.Value.Count - 1));
        }, iter: 500, threads: 1);
        Assert.Equal([101L, 100, 102], Bert.Value.Encode(new string('x', 1 << 20)));
    }

    [Theory]
    [InlineData("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\na\n", ":7: the piece 'a' stands twice, first in line 5")]
    [InlineData("[PAD]\n[UNK]\n[CLS]\na\n", ": not a WordPiece vocabulary: the piece [SEP] is missing")]
    public void A_vocabulary_that_is_none_is_refused(string text, string message)
    {
        string path = Path.Combine(_folder.FullName, "vocab.txt");
        File.WriteAllText(path, text);
        var error = Assert.Throws<DwarfException>(() => WordPiece.Load(path));
        Assert.Equal((ErrorKind.Content, path + message), (error.Kind, error.Message));
        File.WriteAllBytes(path, [0xff, 0xfe]);
        Assert.Equal(ErrorKind.Content, Assert.Throws<DwarfException>(() => WordPiece.Load(path)).Kind);
        Assert.Equal(ErrorKind.MissingInput, Assert.Throws<DwarfException>(() => WordPiece.Load(path + "x")).Kind);
        Assert.Equal(ErrorKind.MissingInput, Assert.Throws<DwarfException>(() => WordPiece.Load(_folder.FullName)).Kind);
    }

    [Fact]
    public void The_verb_prints_ids_and_under_json_the_pieces_too()
    {
        Invocation run = Invocation.Of("tokenize", "--vocab", Vocabulary, "5mm²");
        Assert.Equal((0, "101 1019 7382 10701 102\n", "[CLS] 5 ##mm ##² [SEP]\n"), (run.Code, run.Out, run.Error));
        JsonElement json = JsonDocument.Parse(Invocation.Of("tokenize", "--vocab", Vocabulary, "Pleural", "--json").Out).RootElement;
        Assert.Equal([101L, 20228, 11236, 2389, 102], json.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64()));
        Assert.Equal(["[CLS]", "pl", "##eur", "##al", "[SEP]"], json.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        Assert.Equal(66, Invocation.Of("tokenize", "--vocab", Vocabulary + "x", "a").Code);
        Assert.Equal(64, Invocation.Of("tokenize", "--vocab", Vocabulary).Code);
    }
}
