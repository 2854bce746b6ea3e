using System.Text.Json;
using Dwarf.Tests.Shell;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Metrics;

public sealed class MetricsVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Scores_and_labels_are_joined_by_name_and_give_scikit_learns_numbers()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Golden.Path("metrics/classification.json")));
        var c = document.RootElement.EnumerateArray().Single(e => e.GetProperty("name").GetString() == "n40 share0.5 digits2");
        var (scores, labels) = (c.GetProperty("scores").EnumerateArray().ToArray(), c.GetProperty("labels").EnumerateArray().ToArray());
        var s = Text("s.csv", "file_name,Mass,Edema\n" + string.Concat(scores.Select((v, i) => $"{i}.png,{v.GetRawText()},0.5\n")));
        var l = Text("l.csv", "file_name,Edema,Mass\n" + string.Concat(labels.Select((v, i) => $"{i}.png,0,{v.GetRawText()}\n").Reverse()));

        var result = Json("metrics", "--json", "--scores", s, "--labels", l);
        Assert.Equal(c.GetProperty("auc").GetDouble(), Finding(result, "auc", "Mass"), 1e-12);
        Assert.Equal(c.GetProperty("mcc").GetDouble(), Finding(result, "mcc", "Mass"), 1e-12);
        Assert.Equal(c.GetProperty("f1_at_mcc").GetDouble(), Finding(result, "f1", "Mass"), 1e-12);
        Assert.Equal(JsonValueKind.Null, result.GetProperty("auc").GetProperty("per_finding").GetProperty("Edema").ValueKind);
        Assert.Equal(c.GetProperty("auc").GetDouble(), result.GetProperty("auc").GetProperty("macro").GetDouble(), 1e-12);
        Assert.Contains("highest MCC", result.GetProperty("rules")[2].GetString(), StringComparison.Ordinal);

        var medklip = Json("metrics", "--json", "--scores", s, "--labels", l, "--protocol", "medklip");
        Assert.Equal(c.GetProperty("f1_max").GetDouble(), Finding(medklip, "f1", "Mass"), 1e-12);
        Assert.Contains("own maximum", medklip.GetProperty("rules")[2].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file_name,Mass\na,0.1\n", "file_name,Mas\na,1\n", "l.csv: line 1: expected the findings of s.csv, found no column 'Mass'; did you mean 'Mas'?")]
    [InlineData("file_name,Mass\na,0.1\n", "file_name,Mass,Edema\na,1,0\n", "s.csv: line 1: expected the findings of l.csv, found no column 'Edema'")]
    [InlineData("file,Mass\na,0.1\n", "file_name,Mass\na,1\n", "s.csv: line 1: expected a column 'file_name'")]
    [InlineData("file_name\na\n", "file_name\na\n", "s.csv: line 1: expected a column for each finding beside 'file_name', found none")]
    [InlineData("file_name,Mass\n", "file_name,Mass\na,1\n", "s.csv: line 1: expected at least one row below the header, found none")]
    [InlineData("file_name,Mass\na,0.1\nb,0.2\na,0.3\n", "file_name,Mass\na,1\nb,0\n", "s.csv: line 4: 'a' stands there twice, first on line 2")]
    [InlineData("file_name,Mass\na,1\nb,1\nc,1\n", "file_name,Mass\na,1\n", "l.csv: expected a row for 'b' (s.csv, line 3), and 1 more, found none")]
    [InlineData("file_name,Mass\na,1\n", "file_name,Mass\na,1\nb,1\n", "s.csv: expected a row for 'b' (l.csv, line 3), found none")]
    [InlineData("file_name,Mass\na,nan\n", "file_name,Mass\na,1\n", "s.csv: line 2, column 'Mass': expected a finite number, found 'nan'")]
    [InlineData("file_name,Mass\na,\"0,5\"\n", "file_name,Mass\na,1\n", "s.csv: line 2, column 'Mass': expected a finite number, found '0,5'")]
    [InlineData("file_name,Mass\na,1\n", "file_name,Mass\na,2\n", "l.csv: line 2, column 'Mass': expected 0 or 1, found '2'")]
    public void Files_that_do_not_fit_exit_65_and_say_where(string scores, string labels, string expected)
    {
        var run = Invocation.Of("metrics", "--json", "--scores", Text("s.csv", scores), "--labels", Text("l.csv", labels));
        Assert.Equal((65, ""), (run.Code, run.Out));
        var error = run.Error.Replace(_folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
        Assert.StartsWith("dwarf: " + expected, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(ch => ch == '\n'));
    }

    [Fact]
    public void Maps_give_dice_at_one_half_and_at_the_best_threshold()
    {
        var path = Tensors("m.safetensors",
            ("map.Mass", [3, 1, 3], [0.9f, 0.5f, 0.1f, 0.3f, 0.2f, 0.1f, 0.9f, 0.9f, 0.9f]), ("mask.Mass", [3, 1, 3], [1, 1, 0, 1, 1, 0, 0, 0, 0]),
            ("map.Edema", [1, 1, 2], [1, 0]), ("mask.Edema", [1, 1, 2], [0, 0]));
        var result = Json("metrics", "--json", "--maps", path);
        Assert.Equal(1.0 / 3, Finding(result, "dice", "Mass"), 1e-12);       // 2/3 and 0; the third image shows nothing
        Assert.Equal(1.0, Finding(result, "max_dice", "Mass"), 1e-12);
        Assert.Equal(0.1, result.GetProperty("max_dice_threshold").GetProperty("Mass").GetDouble());
        Assert.Equal(JsonValueKind.Null, result.GetProperty("dice").GetProperty("per_finding").GetProperty("Edema").ValueKind);
        Assert.Equal(1.0 / 3, result.GetProperty("dice").GetProperty("macro").GetDouble(), 1e-12);
    }

    [Fact]
    public void Maps_that_do_not_fit_exit_65_and_name_the_tensor()
    {
        AssertFails("map.Mass: item 1 is NaN", ("map.Mass", [1, 1, 2], [0, float.NaN]), ("mask.Mass", [1, 1, 2], [0, 1]));
        AssertFails("'map.Mass' has no 'mask.Mass' beside it", ("map.Mass", [1, 1, 2], [0, 1]));
        AssertFails("'mask.Edema' has no 'map.Edema' beside it", ("map.Mass", [1, 1, 1], [0]), ("mask.Mass", [1, 1, 1], [0]), ("mask.Edema", [1, 1, 1], [0]));
        AssertFails("mask.Mass: expected [1,1,2] as map.Mass, found [1,2,1]", ("map.Mass", [1, 1, 2], [0, 1]), ("mask.Mass", [1, 2, 1], [0, 1]));
        AssertFails("map.Mass: expected [n,h,w], found [2]", ("map.Mass", [2], [0, 1]), ("mask.Mass", [2], [0, 1]));
        AssertFails("mask.Mass: element 1: expected 0 or 1, found 0.5", ("map.Mass", [1, 1, 2], [0, 1]), ("mask.Mass", [1, 1, 2], [0, 0.5f]));
        AssertFails("expected tensors 'map.FINDING' and 'mask.FINDING' [n,h,w], found no 'map.FINDING'", ("x", [1], [0]));

        void AssertFails(string message, params (string Name, long[] Shape, float[] Values)[] tensors)
        {
            var run = Invocation.Of("metrics", "--json", "--maps", Tensors("bad.safetensors", tensors));
            Assert.Equal((65, ""), (run.Code, run.Out));
            Assert.Contains(message.Replace("map.Mass: item", "map of Mass on image 0: item", StringComparison.Ordinal), run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Localisation_follows_cheXlocalize_on_files()
    {
        var truth = Text("t.json", """
            {"p1_a": {"img_size": [2, 4], "Edema": [[[2, 0], [3, 0], [3, 1], [2, 1]]]}, "p2_a": {"img_size": [2, 4], "Edema": []}}
            """);
        var maps = Tensors("m.safetensors", ("p1_a.Edema", [1, 2], [0, 1]), ("p2_a.Edema", [1, 2], [0, 1]), ("p3_a.Edema", [1, 2], [0, 1]));
        var result = Json("metrics", "--json", "--maps", maps, "--truth", truth, "--threshold", "0.5");
        Assert.Equal(1.0, Finding(result, "miou", "Edema"));
        Assert.Equal(1.0, Finding(result, "hit_rate", "Edema"));
        Assert.Equal(1, result.GetProperty("n").GetProperty("Edema").GetInt32());
        var all = Json("metrics", "--json", "--maps", maps, "--truth", truth, "--threshold", "0.5", "--all-images");
        Assert.Equal(1.0 / 3, Finding(all, "miou", "Edema"), 1e-12);
        var tuned = Json("metrics", "--json", "--maps", maps, "--truth", truth, "--threshold", "tuned", "--tune-maps", maps, "--tune-truth", truth);
        Assert.Equal(0.3, tuned.GetProperty("threshold").GetProperty("Edema").GetDouble());
        var otsu = Json("metrics", "--json", "--maps", maps, "--truth", truth);
        Assert.Equal(1.0, Finding(otsu, "miou", "Edema"));
    }

    [Fact]
    public void A_pathology_that_nobody_knows_gets_the_near_miss()
    {
        var truth = Text("t.json", """{"p1_a": {"img_size": [2, 4], "Edema": []}}""");
        var run = Invocation.Of("metrics", "--maps", Tensors("m.safetensors", ("p1_a.Edma", [1, 1], [1])), "--truth", truth);
        Assert.Equal(65, run.Code);
        Assert.Contains("the pathology 'Edma' is not in", run.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean 'Edema'?", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expected either --scores with --labels, or --maps")]
    [InlineData("--scores and --labels belong together", "--scores", "s")]
    [InlineData("--protocol: expected kad or medklip, found 'cad'", "--scores", "s", "--labels", "l", "--protocol", "cad")]
    [InlineData("--all-images belongs to --maps with --truth", "--maps", "m", "--all-images")]
    [InlineData("--tune-maps and --tune-truth belong together", "--maps", "m", "--truth", "t", "--tune-maps", "m")]
    [InlineData("--tune-maps needs --threshold tuned", "--maps", "m", "--truth", "t", "--tune-maps", "m", "--tune-truth", "t")]
    [InlineData("--threshold: expected otsu, tuned or a number, found 'otsy'", "--maps", "m", "--truth", "t", "--threshold", "otsy")]
    public void Options_that_do_not_go_together_exit_64(string expected, params string[] args)
    {
        var run = Invocation.Of(["metrics", .. args]);
        Assert.Equal((64, "", $"dwarf: metrics: {expected}\n"), (run.Code, run.Out, run.Error));
    }

    [Fact]
    public void A_file_that_is_not_there_exits_66()
    {
        Assert.Equal(66, Invocation.Of("metrics", "--scores", "nowhere.csv", "--labels", "nowhere.csv").Code);
        Assert.Equal(66, Invocation.Of("metrics", "--maps", "nowhere.safetensors").Code);
    }

    [Fact]
    public void Without_json_there_is_a_table()
    {
        var run = Invocation.Of("metrics", "--scores", Text("s.csv", "file_name,Mass\na,0.1\nb,0.9\n"), "--labels", Text("l.csv", "file_name,Mass\na,0\nb,1\n"));
        Assert.Equal(0, run.Code);
        Assert.Equal(["finding", "Mass", "macro"], run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
    }

    private static double Finding(JsonElement result, string metric, string finding) => result.GetProperty(metric).GetProperty("per_finding").GetProperty(finding).GetDouble();

    private static JsonElement Json(params string[] args)
    {
        var run = Invocation.Of(args);
        Assert.Equal((0, ""), (run.Code, run.Error));
        return JsonDocument.Parse(run.Out).RootElement;
    }

    private string Text(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    private string Tensors(string name, params (string Name, long[] Shape, float[] Values)[] tensors)
    {
        var path = Path.Combine(_folder, name);
        SafetensorsWriter.Write(path, tensors.Select(t => KeyValuePair.Create(t.Name, Tensor.From<float>(new Shape(t.Shape), t.Values))));
        return path;
    }
}
