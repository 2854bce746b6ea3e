using System.Text.Json;
using Dwarf.Tests.Shell;
using Dwarf.Training.Data;
using Dwarf.Training.Imaging;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

/// <summary>
/// Faults are planted in a copy of the shipped data set; each must be found, by file and place, and refused by the loader too.
/// </summary>
public sealed class DataCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-check-").FullName;

    public DataCheckTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "images"));
        string[] lines = File.ReadAllLines(Path.Combine(GoldenTable.ChestMini, "labels.csv"));
        var annotated = JsonText.Load(Path.Combine(GoldenTable.ChestMini, "annotations.json")).Items
            .Select(record => record.Members.Single(member => member.Key == "nih_file").Value.Text).ToHashSet(StringComparer.Ordinal);

        // The outlined pictures and a few others are enough, and fast.
        string[] kept = [lines[0], .. lines.Skip(1).Where((line, i) => i % 20 == 0 || annotated.Contains(line.Split(',')[0]))];
        File.WriteAllLines(Labels, kept);
        foreach (string line in kept.Skip(1))
        {
            string name = line.Split(',')[0];
            File.Copy(Path.Combine(GoldenTable.ChestMini, "images", name), Image(name));
        }

        File.Copy(Path.Combine(GoldenTable.ChestMini, "annotations.json"), Annotations);
    }

    private string Labels => Path.Combine(_folder, "labels.csv");

    private string Annotations => Path.Combine(_folder, "annotations.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_shipped_data_set_has_no_fault() => Assert.Empty(DataCheck.Run(ChestDatasetTests.Source(0)));

    [Fact]
    public void The_copy_has_no_fault_before_any_is_planted() => Assert.Empty(Check());

    [Theory]
    [InlineData("00000003_003.png,3,train,0", "00000003_003.png,3,train,2", "bad-label", "line 3, column 'Atelectasis': '00000003_003.png': expected 0 or 1, found '2'")]
    [InlineData("00000003_003.png,3,train,0", "00000003_003.png,3,train,", "bad-label", "expected 0 or 1, found ''")]
    [InlineData("00000003_003.png,3,train,", "00000003_003.png,3,trian,", "bad-split", "line 3, column 'Split': '00000003_003.png': expected train, val or test, found 'trian'")]
    [InlineData("00000003_003.png,3,train,", "00000003_003.png,,train,", "missing-patient", "line 3, column 'Patient ID'")]
    [InlineData("00000003_003.png,3,", "../00000003_003.png,3,", "unsafe-name", "line 3, column 'Image Index'")]
    [InlineData("00000003_003.png,3,train,0,", "00000003_003.png,3,train,", "bad-row", "line 3: expected 17 cells as in the header, found 16")]
    public void A_fault_in_the_labels_is_found(string before, string after, string kind, string says)
    {
        Replace(Labels, before, after);
        Found(kind, Labels, says);
    }

    [Theory]
    [InlineData("[354, 644], [354, 646]", "[354, NaN], [354, 646]", "not-a-number", "record 5 ('36206.png'), polygon 0, point 0: expected a finite number, found NaN")]
    [InlineData("[354, 644], [354, 646]", "[354, 1e999], [354, 646]", "not-a-number", "polygon 0, point 0: expected a finite number, found Infinity")]
    [InlineData("[354, 644], [354, 646]", "[354, 1025], [354, 646]", "outside-frame", "polygon 0, point 0: expected coordinates from 0 to 1024, found 1025")]
    [InlineData("[354, 644], [354, 646]", "[-1, 644], [354, 646]", "outside-frame", "found -1")]
    [InlineData("[354, 644], [354, 646]", "[354, \"644\"], [354, 646]", "wrong-type", "polygon 0, point 0: expected [x, y], found a list of 2")]
    [InlineData("[354, 644], [354, 646]", "[354, 644, 1], [354, 646]", "wrong-type", "expected [x, y], found a list of 3")]
    [InlineData("\"syms\": [\"Cardiomegaly\", \"Nodule\"", "\"syms\": [\"Cardiomegalie\", \"Nodule\"", "unknown-finding", "record 5 ('36206.png'), sym 0: 'Cardiomegalie' is no known finding; did you mean 'Cardiomegaly'?")]
    [InlineData("\"syms\": [\"Cardiomegaly\", \"Nodule\", ", "\"syms\": [\"Cardiomegaly\", ", "unequal-lists", "must be equally long, found 3, 4 and 4")]
    [InlineData("\"boxes\": [[328, 625, 741, 835]", "\"boxes\": [[328, 625, 741]", "wrong-type", "box 0: expected [x1, y1, x2, y2], found a list of 3")]
    [InlineData("\"file_name\": \"36206.png\"", "\"file_name\": \"36206.png\", \"syms\": []", "duplicate-key", "the key 'syms' stands there twice")]
    [InlineData("\"file_name\": \"36206.png\"", "\"file_name\": \"36206.png\", \"sims\": []", "unknown-key", "unknown key 'sims'; did you mean 'syms'?")]
    [InlineData("\"file_name\": \"36206.png\", ", "", "missing-key", "record 5: expected the key 'file_name'")]
    [InlineData("\"file_name\": \"36206.png\"", "\"file_name\": \"../../etc/passwd\"", "unsafe-name", "record 5 ('../../etc/passwd')")]
    [InlineData("\"nih_file\": \"00000011_005.png\"", "\"nih_file\": \"/etc/passwd\"", "unsafe-name", "must not be absolute")]
    [InlineData("\"nih_file\": \"00000011_005.png\"", "\"nih_file\": \"99999999_000.png\"", "missing-image", "'99999999_000.png' has no row in")]
    [InlineData("\"nih_file\": \"00000011_005.png\"", "\"nih_file\": \"00000005_007.png\"", "duplicate-record", "is annotated already in record 3 ('36202.png')")]
    [InlineData("\"syms\": [], \"boxes\": []", "\"syms\": [], \"boxes\": 7", "wrong-type", "'boxes' must be a list, found 7")]
    [InlineData("[{\"nih_file\": \"00000003_003.png\"", "[17, {\"nih_file\": \"00000003_003.png\"", "wrong-type", "record 0: expected an object, found 17")]
    [InlineData("[{\"nih_file\": \"00000003_003.png\"", "[{\"nih_file\" \"00000003_003.png\"", "bad-annotations", "line 1, column 14: expected ':'")]
    public void A_fault_in_the_annotations_is_found(string before, string after, string kind, string says)
    {
        Replace(Annotations, before, after);
        Found(kind, Annotations, says);
    }

    [Fact]
    public void A_polygon_of_two_points_is_found()
    {
        string name = "made.png";
        Add(name, """{"file_name": "made.png", "syms": ["Mass"], "boxes": [[1, 1, 2, 2]], "polygons": [[[1, 1], [2, 2]]]}""");
        Found("too-few-points", Annotations, "('made.png'), polygon 0: expected at least 3 points, found 2");
    }

    [Fact]
    public void A_picture_that_is_not_there_is_found()
    {
        File.Delete(Image("00000003_003.png"));
        Found("missing-image", Labels, "line 3: the picture " + Image("00000003_003.png"));
    }

    [Fact]
    public void A_truncated_picture_is_found()
    {
        byte[] whole = File.ReadAllBytes(Image("00000003_003.png"));
        File.WriteAllBytes(Image("00000003_003.png"), whole[..(whole.Length / 2)]);
        Found("damaged-image", Image("00000003_003.png"), "the file is cut");
    }

    [Fact]
    public void A_picture_that_is_none_is_found()
    {
        File.WriteAllText(Image("00000003_003.png"), "hello");
        Found("damaged-image", Image("00000003_003.png"), "expected a PNG, JPEG or DICOM picture");
    }

    [Fact]
    public void A_picture_of_another_size_is_found()
    {
        PngWriter.Write(Image("00000003_003.png"), 32, 64, 1, new byte[32 * 64]);
        Found("other-size", Image("00000003_003.png"), "expected 64x64 pixels as in the other pictures, found 32x64");
    }

    [Fact]
    public void A_link_out_of_the_folder_is_found()
    {
        File.Move(Image("00000003_003.png"), Path.Combine(_folder, "outside.png"));
        File.CreateSymbolicLink(Image("00000003_003.png"), Path.Combine(_folder, "outside.png"));
        Found("unsafe-name", Labels, "line 3: '00000003_003.png': the name leads out of the folder through a link");
    }

    [Fact]
    public void A_patient_in_two_splits_is_found()
    {
        File.AppendAllText(Labels, File.ReadAllLines(Labels)[2].Replace("00000003_003.png,3,train", "again.png,3,test", StringComparison.Ordinal) + "\n");
        File.Copy(Image("00000003_003.png"), Image("again.png"));
        Found("patient-in-two-splits", Labels, "patient 3 is in Test with 'again.png', but in Train on line 3");
    }

    [Fact]
    public void A_picture_listed_twice_is_found()
    {
        File.AppendAllText(Labels, File.ReadAllLines(Labels)[2] + "\n");
        Found("duplicate-image", Labels, "'00000003_003.png' stands already on line 3");
    }

    [Fact]
    public void An_outlined_picture_without_labels_is_found()
    {
        string[] lines = File.ReadAllLines(Labels);
        File.WriteAllLines(Labels, lines.Where(line => !line.StartsWith("00000003_003.png", StringComparison.Ordinal)));
        Found("unlisted-image", Annotations, "the picture '00000003_003.png' has no row in " + Labels);
    }

    [Fact]
    public void A_finding_that_nobody_knows_is_found() =>
        Assert.Contains(
            DataCheck.Run(Source() with { Findings = ["Efusion"] }),
            fault => fault.Kind == "unknown-finding" && fault.Message.EndsWith("did you mean 'Effusion'?", StringComparison.Ordinal));

    [Fact]
    public void A_label_without_its_column_is_found()
    {
        DataFault fault = Assert.Single(DataCheck.Run(Source() with { WantedLabels = ["Pleural Thickening", "Pleural_Thickening", "Edem"] }));
        Assert.Equal($"{Labels}: line 1: expected a column 'Edem'; did you mean 'Edema'?", fault.ToString());
    }

    [Fact]
    public void All_faults_are_listed_at_once_and_the_verb_exits_65()
    {
        Replace(Labels, "00000003_003.png,3,train,0", "00000003_003.png,3,train,x");
        Replace(Annotations, "[354, 644], [354, 646]", "[NaN, 644], [354, 2000]");
        File.Delete(Image("00000005_007.png"));
        byte[] whole = File.ReadAllBytes(Image("00000004_000.png"));
        File.WriteAllBytes(Image("00000004_000.png"), whole[..100]);
        string config = Path.Combine(_folder, "c.yaml");
        File.WriteAllText(
            config,
            $"findings: [Effusion]\ndata: {{images: images, labels: labels.csv, annotations: annotations.json}}\nmodel: {{text: {{vocab: '{GoldenTable.Root}/data/bert-vocab/vocab.txt'}}}}\ntrain: {{epochs: 1}}\n");
        Invocation run = Invocation.Of("data", "check", config, "--json");
        Assert.Equal(65, run.Code);
        Assert.Equal(
            ["bad-label", "damaged-image", "missing-image", "not-a-number", "outside-frame"],
            JsonDocument.Parse(run.Out).RootElement.EnumerateArray().Select(fault => fault.GetProperty("kind").GetString()).Order());
        Invocation words = Invocation.Of("data", "check", config);
        Assert.Equal((65, 5), (words.Code, words.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length));
        Assert.Equal("5 faults\n", words.Error);
    }

    private void Found(string kind, string file, string says)
    {
        IReadOnlyList<DataFault> faults = Check();
        Assert.InRange(faults.Count, 1, 2); // a consequence of the fault may follow it
        DataFault fault = Assert.Single(faults, fault => fault.Kind == kind);
        Assert.Equal(file, fault.File);
        Assert.Contains(says, fault.ToString(), StringComparison.Ordinal);
        var refused = Assert.Throws<DwarfException>(() => ChestDataset.Load(Source()));
        Assert.Equal(kind == "missing-image" ? ErrorKind.MissingInput : ErrorKind.Content, refused.Kind);
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    private IReadOnlyList<DataFault> Check() => DataCheck.Run(Source());

    private ChestSource Source() => ChestDatasetTests.Source(0, _folder);

    private string Image(string name) => Path.Combine(_folder, "images", name);

    private void Replace(string path, string before, string after)
    {
        string text = File.ReadAllText(path);
        int at = text.IndexOf(before, StringComparison.Ordinal);
        Assert.True(at >= 0, before);
        File.WriteAllText(path, text[..at] + after + text[(at + before.Length)..]);
    }

    private void Add(string name, string record)
    {
        File.AppendAllText(Labels, $"{name},made,train{string.Concat(Enumerable.Repeat(",0", 14))}\n");
        PngWriter.Write(Image(name), 64, 64, 1, new byte[64 * 64]);
        string text = File.ReadAllText(Annotations).TrimEnd();
        File.WriteAllText(Annotations, text[..^1] + ", " + record + "]");
    }
}
