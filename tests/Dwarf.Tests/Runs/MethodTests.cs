using System.Text.Json;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Every method and every choice of DWARF trains two steps and leaves a whole run folder.</summary>
public sealed class MethodTests
{
    private static readonly string[] Whole =
    [
        "checkpoints/best.safetensors", "checkpoints/last.safetensors", "checkpoints/pretrained.safetensors", "config.yaml",
        "metrics.json", "metrics.jsonl", "report.html",
    ];

    [Theory]
    [InlineData("method=pretrained", 0)]
    [InlineData("method=classification", 2)]
    [InlineData("method=dwarf", 2)]
    [InlineData("cycle=all-per-epoch", 2)]
    [InlineData("cycle=finding-per-epoch", 2)]
    [InlineData("head.kind=conv1", 2)]
    [InlineData("head.kind=conv3", 2)]
    [InlineData("head.init=random", 2)]
    [InlineData("head.space=linear", 2)]
    [InlineData("loss.grid=patches", 2)]
    [InlineData("loss.dice_on=all", 2)]
    [InlineData("loss.lambda=0", 2)]
    [InlineData("loss.lambda=1", 2)]
    [InlineData("map.scale=none", 2)]
    [InlineData("map.scale=minmax", 2)]
    [InlineData("map.scale=size", 2)]
    [InlineData("data.normalise=image", 2)]
    [InlineData("eval.bootstrap=0", 2)]
    [InlineData("pretrain.contrast_weight=0", 2)]
    [InlineData("dtype=f64", 2)]
    public void It_trains_two_steps_and_writes_a_whole_folder(string choice, int steps)
    {
        using var run = TinyRun.Phantom();
        run.Finish("run", "--set", "pretrain.epochs=1", "--set", "train.max_steps=2", "--set", choice);
        string[] found =
        [
            .. Directory.EnumerateFiles(run.In("run"), "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(run.In("run"), f))
                .Where(f => !f.StartsWith("overlays/", StringComparison.Ordinal))
                .Where(f => !f.StartsWith("events.out.tfevents.", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal(Whole.Append("checkpoints/last.state.safetensors").Order(StringComparer.Ordinal), found);
        Assert.Single(Directory.EnumerateFiles(run.In("run"), "events.out.tfevents.*"));
        Assert.NotEmpty(Directory.EnumerateFiles(run.In("run/overlays"), "*.png"));

        using var metrics = JsonDocument.Parse(File.ReadAllText(run.In("run/metrics.json")));
        var test = metrics.RootElement.GetProperty("splits").GetProperty("test");
        Assert.Equal(12, test.GetProperty("n").GetInt32());
        foreach (string name in new[] { "auc", "f1", "mcc", "dice", "max_dice" })
        {
            double macro = test.GetProperty(name).GetProperty("macro").GetDouble();
            Assert.True(macro is >= -1 and <= 1, $"{name} {macro}");
            Assert.Equal(2, test.GetProperty(name).GetProperty("per_finding").EnumerateObject().Count());
        }

        using var state = SafetensorsFile.Open(run.In("run/checkpoints/last.state.safetensors"));
        Assert.Equal((3 + steps).ToString(System.Globalization.CultureInfo.InvariantCulture), state.Metadata["global_steps"]);
        Assert.Equal("1", state.Metadata["stage_done"]);
    }

    [Fact]
    public void A_run_that_only_evaluates_given_weights_is_whole_too()
    {
        using var run = TinyRun.Phantom();
        run.Finish("first", "--set", "pretrain.epochs=1", "--set", "train.max_steps=2");
        string weights = run.In("first/checkpoints/best.safetensors");
        run.Finish("second", "--set", "method=pretrained", "--set", "pretrain.epochs=0", "--set", $"weights={weights}");
        foreach (string file in Whole.Where(f => f != "checkpoints/pretrained.safetensors"))
        {
            Assert.True(File.Exists(run.In("second/" + file)), file);
        }

        Assert.Equal(File.ReadAllBytes(weights), File.ReadAllBytes(run.In("second/checkpoints/best.safetensors")));
    }
}
