using System.Text.Json;
using CsCheck;
using Dwarf.Tests.Shell;
using Dwarf.Training.Data;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

public sealed class TruthTests : IDisposable
{
    private const string Id = "patient64541_study1_view1_frontal";

    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-truth-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("gt_segmentations_val.json", 10)]
    [InlineData("gt_annotations_val.json", 3)]
    public void CheXlocalizes_sample_gives_the_known_areas_and_boxes_in_both_forms(string file, int pathologies)
    {
        Invocation run = Invocation.Of("data", "masks", Path.Combine(GoldenTable.Root, "tests", "golden", "chexlocalize", file));
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonElement picture = JsonDocument.Parse(run.Out).RootElement.GetProperty(Id);
        Assert.Equal(pathologies, picture.EnumerateObject().Count());
        Check("Enlarged Cardiomediastinum", 962252, [1201, 723, 2373, 2000]);
        Check("Cardiomegaly", 867107, [1201, 936, 2373, 2000]);
        Check("Airspace Opacity", 163040, [1936, 1458, 2448, 1905]);
        if (pathologies == 10)
        {
            JsonElement absent = picture.GetProperty("Edema");
            Assert.Equal(0, absent.GetProperty("area").GetInt64());
            Assert.Equal(JsonValueKind.Null, absent.GetProperty("box").ValueKind);
        }

        void Check(string pathology, long area, int[] box)
        {
            JsonElement found = picture.GetProperty(pathology);
            Assert.Equal([2320, 2828], found.GetProperty("size").EnumerateArray().Select(value => value.GetInt32()));
            Assert.Equal(area, found.GetProperty("area").GetInt64());
            Assert.Equal(box, found.GetProperty("box").EnumerateArray().Select(value => value.GetInt32()));
        }
    }

    [Fact]
    public void Run_lengths_read_back_whatever_mask_they_were_written_from() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 12], Gen.Bool.Array[144]).Sample((width, height, bits) =>
        {
            byte[] mask = bits[..(width * height)].Select(bit => (byte)(bit ? 1 : 0)).ToArray();
            Assert.Equal(mask, CocoRle.Decode(Encode(mask, width, height), width, height, "t.json"));
        });

    [Theory]
    [InlineData("PVWX", "the text ends inside a number")]
    [InlineData("1~", "expected '0' to 'o', found '~'")]
    [InlineData("1", "the runs must add up to 6 (2x3), found 1")]
    [InlineData("7", "a run of 7 pixels, but 6 of 2x3 are left")]
    [InlineData("O", "a run of -1 pixels")]
    [InlineData("", "the runs must add up to 6")]
    [InlineData("oooooooo0", "a number of more than seven characters")]
    public void Malformed_run_lengths_name_the_entry(string counts, string says)
    {
        string path = Write("{\"p1\": {\"Edema\": {\"size\": [2, 3], \"counts\": \"" + counts + "\"}}}");
        Invocation run = Invocation.Of("data", "masks", path, "--json");
        Assert.Equal((65, ""), (run.Code, run.Out));
        Assert.Contains($"{path}: p1, Edema: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "expected an object of pictures, found a list of 0")]
    [InlineData("""{"p1": {"Edema": {"size": [2], "counts": "6"}}}""", "p1, Edema: 'size' must be [height, width], found a list of 1")]
    [InlineData("""{"p1": {"Edema": {"size": [1e9, 1e9], "counts": "6"}}}""", "p1, Edema: the header promises 1000000000x1000000000 pixels")]
    [InlineData("""{"p1": {"Edema": {"size": [2, 3]}}}""", "p1, Edema: expected the key 'counts'")]
    [InlineData("""{"p1": {"img_size": [2, 3], "Edema": [[[0, 0], [1, NaN]]]}}""", "p1, Edema, contour 0: point 1: expected [x, y] of finite numbers, found [1, NaN]")]
    [InlineData("""{"p1": {"Edema": [[[0, 0], [1, 1]]]}}""", "p1, Edema: 'img_size' must be [height, width], found nothing")]
    [InlineData("""{"p1": {"img_size": [2, 3], "Edema": [[[0, 0]]]}}""", "contour 0: expected a list of at least 2 points")]
    [InlineData("""{"p1": {}, "p1": {}}""", "the key 'p1' stands there twice")]
    public void Other_content_names_the_place(string text, string says)
    {
        string path = Write(text);
        var error = Assert.Throws<DwarfException>(() => CheXlocalizeTruth.Load(path));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_exits_66() => Assert.Equal(66, Invocation.Of("data", "masks", Path.Combine(_folder, "none.json")).Code);

    /// <summary>The opposite of the decoder, written from the format's description.</summary>
    private static string Encode(byte[] mask, int width, int height)
    {
        var runs = new List<int>();
        byte value = 0;
        int length = 0;
        foreach (byte pixel in Enumerable.Range(0, mask.Length).Select(i => mask[((i % height) * width) + (i / height)]))
        {
            if (pixel != value)
            {
                runs.Add(length);
                length = 0;
                value = pixel;
            }

            length++;
        }

        runs.Add(length);
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < runs.Count; i++)
        {
            int number = i > 2 ? runs[i] - runs[i - 2] : runs[i];
            bool more = true;
            while (more)
            {
                int group = number & 31;
                number >>= 5;
                more = (group & 16) != 0 ? number != -1 : number != 0;
                text.Append((char)('0' + group + (more ? 32 : 0)));
            }
        }

        return text.ToString();
    }

    private string Write(string text)
    {
        string path = Path.Combine(_folder, "truth.json");
        File.WriteAllText(path, text);
        return path;
    }
}
