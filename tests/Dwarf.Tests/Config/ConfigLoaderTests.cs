using Dwarf.Model;
using Dwarf.Training.Config;
using Engine.Tensors;
using Xunit;
using static Dwarf.Tests.Config.ConfigFile;

namespace Dwarf.Tests.Config;

public sealed class ConfigLoaderTests
{
    [Fact]
    public void Every_kind_of_value_arrives()
    {
        using var file = new ConfigFile(Good + """
            seed: 7
            dtype: f64
            method: classification
            cycle: all-per-epoch
            prompts: {Effusion: "fluid: between the layers"}
            augment: {flip: true, shift: 1e-1}
            head: {kind: conv3, init: random}
            loss: {lambda: 0.25, w_fp: 2, grid: patches, dice_on: all}
            """);
        RunConfig config = file.Load();
        Assert.Equal((7L, DType.F64, Method.Classification, Cycle.AllPerEpoch), (config.Seed, config.Dtype, config.Method, config.Cycle));
        Assert.Equal(["Atelectasis", "Effusion"], config.Findings);
        Assert.Equal("fluid: between the layers", config.Prompts["Effusion"]);
        Assert.Equal((true, 0.1), (config.Augment.Flip, config.Augment.Shift));
        Assert.Equal((HeadKind.Conv3, HeadInit.Random, HeadSpace.Logit), (config.Head.Kind, config.Head.Init, config.Head.Space));
        Assert.Equal((0.25, 2.0, LossGrid.Patches, DiceOn.All), (config.Loss.Lambda, config.Loss.WFp, config.Loss.Grid, config.Loss.DiceOn));
        Assert.Null(config.Train.HeadLr);
    }

    [Fact]
    public void A_set_wins_over_the_file_and_the_last_set_over_the_first()
    {
        using var file = new ConfigFile(Good + "seed: 1\n");
        RunConfig config = file.Load("seed=2", "seed=3", "findings=[Mass]", "train.head_lr=1e-3", "weights=~");
        Assert.Equal((3L, 1e-3, 1), (config.Seed, config.Train.HeadLr, config.Train.Epochs));
        Assert.Equal(["Mass"], config.Findings);
        Assert.Equal("--set seed=3", config.OriginOf("seed").ToString());
    }

    [Fact]
    public void Paths_are_meant_from_the_file_they_stand_in()
    {
        using var file = new ConfigFile("extends: sub/base.yaml\nmodel: {text: {vocab: v.txt}}\n");
        Directory.CreateDirectory(Path.Combine(file.Folder, "sub"));
        file.Add("sub/base.yaml", Good + "weights: /w.safetensors\n");
        RunConfig config = file.Load("data.labels=l.csv");
        Assert.Equal(Path.Combine(file.Folder, "v.txt"), config.Model.Text.Vocab);
        Assert.Equal(Path.Combine(file.Folder, "sub", "images"), config.Data.Images);
        Assert.Equal(Path.Combine(file.Folder, "l.csv"), config.Data.Labels);
        Assert.Equal("/w.safetensors", config.Weights);
    }

    [Fact]
    public void A_parent_gives_what_the_child_does_not_say_and_lists_are_replaced()
    {
        using var file = new ConfigFile("extends: base.yaml\nfindings: [Mass]\nloss: {lambda: 0.1}\n");
        file.Add("base.yaml", Good + "loss: {lambda: 0.9, w_fp: 3}\n");
        RunConfig config = file.Load();
        Assert.Equal(["Mass"], config.Findings);
        Assert.Equal((0.1, 3.0), (config.Loss.Lambda, config.Loss.WFp));
        Assert.EndsWith("a.yaml:3:16", config.OriginOf("loss.lambda").ToString(), StringComparison.Ordinal);
        Assert.EndsWith("base.yaml:5:27", config.OriginOf("loss.w_fp").ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("extends: a.yaml\n", "a.yaml:1:10: extends: a.yaml leads back to itself")]
    [InlineData("extends: b.yaml\n", "a.yaml:1:10: extends: b.yaml is not there")]
    [InlineData("extends: [x, y]\n", "a.yaml:1:10: extends: expected one file name, found a list")]
    public void A_parent_that_cannot_be_read_is_named(string text, string fault) => Assert.Equal(fault, FaultsOf(text));

    [Fact]
    public void A_fault_in_a_parent_has_the_place_in_the_parent()
    {
        using var file = new ConfigFile("extends: base.yaml\n");
        file.Add("base.yaml", Good + "sede: 1\n");
        Assert.Equal("base.yaml:5:1: sede: unknown key; did you mean 'seed'?", file.Faults());
    }

    [Fact]
    public void The_resolved_configuration_loads_again_with_the_same_values_and_says_where_each_came_from()
    {
        using var file = new ConfigFile(Good + "prompts: {Effusion: \"a \\\"b\\\": \\u00e9 \\U0001f600 #x\"}\nloss: {epsilon: 1e-9}\n");
        RunConfig config = file.Load("seed=3", "findings=[\"no\", \"0x\", Effusion, \"-\"]");
        string text = ResolvedConfig.Write(config);
        Assert.Contains("# --set seed=3\n", text, StringComparison.Ordinal);
        Assert.Contains("a.yaml:6:17\n", text, StringComparison.Ordinal);
        Assert.Contains("# default\n", text, StringComparison.Ordinal);

        using var copy = new ConfigFile(text);
        RunConfig again = copy.Load();
        Assert.Equal(ResolvedConfig.Values(config), ResolvedConfig.Values(again));
        Assert.Equal(config.Prompts["Effusion"], again.Prompts["Effusion"]);
        Assert.Equal(config.Findings, again.Findings);
    }

    [Fact]
    public void The_resolved_configuration_holds_every_key_of_the_schema()
    {
        using var file = new ConfigFile(Good);
        string[] expected = [.. Schema.Walk(typeof(RunConfig)).Where(each => !each.Key.IsSection).Select(each => each.Path).Order(StringComparer.Ordinal)];
        Assert.True(expected.Length > 60);
        Assert.Equal(expected, ResolvedConfig.Values(file.Load()).Keys);
    }

    [Fact]
    public void A_fault_that_shows_later_still_has_its_place()
    {
        using var file = new ConfigFile(Good + "threads: 3\n");
        Assert.EndsWith("a.yaml:5:10: threads: too many", file.Load().Wrong("threads", "too many").Message, StringComparison.Ordinal);
    }
}
