using System.Globalization;
using System.Text.Json;
using Dwarf.Model.Weights;
using Dwarf.Tests.Shell;
using Dwarf.Training.Data;
using Dwarf.Training.Imaging;
using Dwarf.Training.Runs;
using Engine.Kernels;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>`eval` and `predict` say of a run's weights what the run said itself.</summary>
public sealed class EvalPredictTests : IClassFixture<EvalPredictTests.FinishedRun>
{
    private readonly TinyRun _run;

    public EvalPredictTests(FinishedRun finished) => _run = finished.Run;

    private string Best => _run.In("run/checkpoints/best.safetensors");

    [Theory]
    [InlineData("test", 12)]
    [InlineData("val", 4)]
    public void Eval_gives_the_numbers_that_train_wrote(string split, int images)
    {
        var run = Invocation.Of("eval", _run.Config, "--weights", Best, "--split", split, "--json", "--out", _run.In("eval-" + split));
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(run.Out, File.ReadAllText(_run.In($"eval-{split}/metrics.json")));
        var found = JsonDocument.Parse(run.Out).RootElement;
        var expected = Metrics().GetProperty("splits").GetProperty(split);
        Assert.Equal((images, split), (found.GetProperty("n").GetInt32(), found.GetProperty("split").GetString()));
        foreach (string name in new[] { "auc", "f1", "mcc", "dice", "max_dice", "n", "patients", "threshold", "hit_rate" })
        {
            AssertEqual(expected.GetProperty(name), found.GetProperty(name), name);
        }

        Assert.Equal(73, Invocation.Of("eval", _run.Config, "--weights", Best, "--split", split, "--out", _run.In("eval-" + split)).Code);
    }

    [Fact]
    public void Eval_tells_people_the_same_in_a_line_a_method()
    {
        var run = Invocation.Of("eval", _run.Config, "--weights", Best);
        Assert.True(run.Code == 0, run.Error);
        string[] lines = run.Out.TrimEnd('\n').Split('\n');
        double auc = Metrics().GetProperty("splits").GetProperty("test").GetProperty("auc").GetProperty("macro").GetDouble();
        string first = string.Create(CultureInfo.InvariantCulture, $"test: DWARF: macro AUC {auc:F3} (Consolidation ");
        Assert.StartsWith(first, lines[0], StringComparison.Ordinal);
        Assert.Equal(5, lines.Length);
        const string Maps = @"^test: .+: Dice at validation threshold ([01]\.\d{3}|-) \(Consolidation ([01]\.\d\d|-), n \d+, Mass ";
        Assert.All(lines.Skip(1), line => Assert.Matches(Maps, line));
    }

    [Fact]
    public void Other_weights_give_other_numbers()
    {
        var run = Invocation.Of("eval", _run.Config, "--weights", _run.In("run/checkpoints/pretrained.safetensors"), "--json");
        var found = JsonDocument.Parse(run.Out).RootElement;
        var own = Metrics().GetProperty("splits").GetProperty("test");
        Assert.NotEqual(own.GetProperty("max_dice").ToString(), found.GetProperty("max_dice").ToString());
    }

    [Fact]
    public void Predict_draws_the_maps_that_train_drew()
    {
        string[] drawn = [.. Directory.EnumerateFiles(_run.In("run/overlays"), "*.png").Order(StringComparer.Ordinal)];
        Assert.NotEmpty(drawn);
        var config = _run.Load();
        var data = DataSource.Load(config);
        using var cpu = new CpuDevice(1);
        using var predictor = new Training.Runs.Predictor(Best, cpu);
        foreach (string file in drawn)
        {
            var sample = data.Samples.Single(s => file.EndsWith("-" + s.FileName, StringComparison.Ordinal));
            int f = predictor.Findings.ToList().FindIndex(name => Path.GetFileName(file).StartsWith(name, StringComparison.Ordinal));
            var answer = predictor.Ask([predictor.Fit(ImageReader.Load(_run.In("data/images/" + sample.FileName)))])[f][0];
            byte[] again = Pictures.Png(data.Width, data.Height, sample.Pixels.ToArray(), Array.ConvertAll(sample.Masks![f]!, m => m != 0), answer);
            Assert.True(File.ReadAllBytes(file).AsSpan().SequenceEqual(again), file);
        }
    }

    [Fact]
    public void Predict_writes_what_the_network_says_whatever_the_batch()
    {
        var config = _run.Load();
        var data = DataSource.Load(config);
        int[] samples = [.. data.Indices(Split.Test).Take(5)];
        string[] images = [.. samples.Select(i => _run.In("data/images/" + data.Samples[i].FileName))];
        using var cpu = new CpuDevice(2);
        using var bench = new Workbench(config, data, cpu);
        WeightsFile.LoadInto(Best, bench.Network);
        bench.ForgetFeatures();
        var expected = bench.Ask(samples, maps: true);

        string folder = _run.In("predicted");
        var run = Invocation.Of(["predict", "--weights", Best, "--out", folder, "--json", .. images]);
        Assert.True(run.Code == 0, run.Error);
        var results = JsonDocument.Parse(run.Out).RootElement.EnumerateArray().ToList();
        Assert.Equal(images, results.Select(r => r.GetProperty("image").GetString()));
        for (int i = 0; i < images.Length; i++)
        {
            Assert.Equal(["image", "probabilities", "files"], results[i].EnumerateObject().Select(p => p.Name));
            var alone = JsonDocument.Parse(Invocation.Of("predict", "--weights", Best, "--json", images[i]).Out).RootElement[0];
            for (int f = 0; f < config.Findings.Count; f++)
            {
                var (finding, answer) = (config.Findings[f], expected[f][i]);
                Assert.Equal(answer.Probability, results[i].GetProperty("probabilities").GetProperty(finding).GetDouble());
                Assert.Equal(answer.Probability, alone.GetProperty("probabilities").GetProperty(finding).GetDouble());
                var files = results[i].GetProperty("files").GetProperty(finding);
                Assert.Equal(Bytes(answer.RawMap), Pixels(files, "raw"));
                Assert.Equal(Bytes(answer.RefinedMap!), Pixels(files, "refined"));
                Assert.Equal(
                    Pictures.Png(data.Width, data.Height, data.Samples[samples[i]].Pixels.ToArray(), null, answer),
                    File.ReadAllBytes(files.GetProperty("overlay").GetString()!));
            }
        }

        Assert.Equal(73, Invocation.Of(["predict", "--weights", Best, "--out", folder, .. images]).Code);
    }

    [Fact]
    public void Predict_says_in_a_line_what_is_wrong()
    {
        string image = Directory.EnumerateFiles(_run.In("data/images")).Order(StringComparer.Ordinal).First();
        string state = _run.In("run/checkpoints/last.state.safetensors");
        Fails(65, state, "predict", "--weights", state, image);
        Fails(65, state, "eval", _run.Config, "--weights", state);
        Fails(66, "absent.safetensors", "predict", "--weights", _run.In("absent.safetensors"), image);
        Fails(66, "absent.safetensors", "eval", _run.Config, "--weights", _run.In("absent.safetensors"));
        Fails(66, "absent.png", "predict", "--weights", Best, _run.In("absent.png"));
        Fails(65, "tiny.yaml", "predict", "--weights", Best, _run.Config);
        Fails(65, "tiny.yaml", "predict", "--weights", _run.Config, image);
        Fails(65, Best, "eval", _run.Config, "--weights", Best, "--set", "model.image.width=32");
        Fails(73, "expected a folder, found a file", "predict", "--weights", Best, image, "--out", _run.Config);
        Fails(74, "the folder cannot be made", "predict", "--weights", Best, image, "--out", Path.Combine(_run.Config, "x"));
        Fails(73, "expected a folder, found a file", "eval", _run.Config, "--weights", Best, "--out", _run.Config);
        Fails(69, "bf16 is not available on cpu", "eval", _run.Config, "--weights", Best, "--set", "dtype=bf16");
        Fails(64, "expected train, val or test, found 'tset'", "eval", _run.Config, "--weights", Best, "--split", "tset");
    }

    [Fact]
    public void Images_of_one_name_never_write_over_each_other()
    {
        string image = Directory.EnumerateFiles(_run.In("data/images")).Order(StringComparer.Ordinal).First();
        string[] images = [_run.In("x/a.png"), _run.In("y/a.png"), _run.In("x/1-a.png")];
        foreach (string copy in images)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(image, copy);
        }

        Assert.Equal(0, Invocation.Of(["predict", "--weights", Best, "--out", _run.In("same"), .. images]).Code);
        Assert.Equal(images.Length * 2 * 3, Directory.GetFiles(_run.In("same")).Length);
    }

    private JsonElement Metrics() => JsonDocument.Parse(File.ReadAllText(_run.In("run/metrics.json"))).RootElement;

    private static void Fails(int code, string says, params string[] args)
    {
        foreach (string[] line in new[] { args, [.. args, "--json"] })
        {
            var run = Invocation.Of(line);
            Assert.True((code, "") == (run.Code, run.Out), $"exit {run.Code}, {run.Out}, {run.Error}");
            Assert.Contains(says, run.Error, StringComparison.Ordinal);
            Assert.Equal(run.Error.IndexOf('\n', StringComparison.Ordinal), run.Error.Length - 1);
        }
    }

    private static byte[] Bytes(float[] map) => Array.ConvertAll(map, v => (byte)Math.Round(Math.Clamp(v, 0, 1) * 255));

    private static byte[] Pixels(JsonElement files, string kind) =>
        Array.ConvertAll(ImageReader.Load(files.GetProperty(kind).GetString()!).Pixels, v => (byte)Math.Round(v * 255));

    private static void AssertEqual(JsonElement expected, JsonElement found, string place)
    {
        Assert.Equal(expected.ValueKind, found.ValueKind);
        if (expected.ValueKind == JsonValueKind.Object)
        {
            Assert.Equal(expected.EnumerateObject().Select(p => p.Name), found.EnumerateObject().Select(p => p.Name));
            foreach (var property in expected.EnumerateObject())
            {
                AssertEqual(property.Value, found.GetProperty(property.Name), $"{place}.{property.Name}");
            }
        }
        else if (expected.ValueKind == JsonValueKind.Number)
        {
            double distance = Math.Abs(expected.GetDouble() - found.GetDouble());
            Assert.True(distance <= 1e-12, $"{place}: expected {expected}, found {found}");
        }
    }

    /// <summary>One run for all tests of this class.</summary>
    public sealed class FinishedRun : IDisposable
    {
        public FinishedRun() => Run.Finish("run");

        internal TinyRun Run { get; } = TinyRun.Folder();

        public void Dispose() => Run.Dispose();
    }
}
