using Dwarf.Training.Config;
using Engine.Tensors;
using Xunit;
using static Dwarf.Tests.Config.ConfigFile;

namespace Dwarf.Tests.Config;

public sealed class ConfigFaultTests
{
    [Theory]
    [InlineData("loss:\n  lamda: 0.5\n", "a.yaml:6:3: loss.lamda: unknown key; did you mean 'loss.lambda'?")]
    [InlineData("epochs: 3\n", "a.yaml:5:1: epochs: unknown key; it belongs at pretrain.epochs or train.epochs")]
    [InlineData("zzz: 3\n", "a.yaml:5:1: zzz: unknown key")]
    [InlineData("head: {zzz: 3}\n", "a.yaml:5:8: head.zzz: unknown key; known: kind, init, space")]
    [InlineData("seed: ten\n", "a.yaml:5:7: seed: expected a whole number of at least 0, found 'ten'")]
    [InlineData("seed: \"10\"\n", "a.yaml:5:7: seed: expected a whole number of at least 0, found the text \"10\"")]
    [InlineData("seed: 010\n", "a.yaml:5:7: seed: expected a whole number of at least 0, found '010'")]
    [InlineData("seed: 1.5\n", "a.yaml:5:7: seed: expected a whole number of at least 0, found '1.5'")]
    [InlineData("seed: -1\n", "a.yaml:5:7: seed: expected a whole number of at least 0, found '-1'")]
    [InlineData("seed: 99999999999999999999\n", "a.yaml:5:7: seed: expected a whole number of at least 0, found '99999999999999999999'")]
    [InlineData("seed:\n", "a.yaml:5:6: seed: expected a whole number of at least 0, found nothing")]
    [InlineData("seed: [1]\n", "a.yaml:5:7: seed: expected a whole number of at least 0, found a list")]
    [InlineData("loss: {lambda: 1.5}\n", "a.yaml:5:16: loss.lambda: expected a number of at least 0 and at most 1, found '1.5'")]
    [InlineData("loss: {lambda: .nan}\n", "a.yaml:5:16: loss.lambda: expected a number of at least 0 and at most 1, found '.nan'")]
    [InlineData("loss: {lambda: 0,5}\n", "a.yaml:5:18: loss.5: unknown key; known: lambda, w_fp, alpha, epsilon, grid, dice_on")]
    [InlineData("augment: {flip: no}\n", "a.yaml:5:17: augment.flip: expected true or false, found 'no'")]
    [InlineData("head: {kind: linaer}\n", "a.yaml:5:14: head.kind: expected one of linear, conv1, conv3, found 'linaer'; did you mean 'linear'?")]
    [InlineData("dtype: i64\n", "a.yaml:5:8: dtype: expected one of f32, f64, bf16, found 'i64'")]
    [InlineData("head: 5\n", "a.yaml:5:7: head: expected a map with the keys kind, init, space, found '5'")]
    [InlineData("prompts: {Effusion: [a]}\n", "a.yaml:5:21: prompts.Effusion: expected text, found a list")]
    [InlineData("prompts: {Efusion: fluid}\n", "a.yaml:5:10: prompts: 'Efusion' is no finding of this configuration; did you mean 'Effusion'?")]
    [InlineData("device: gpu\n", "a.yaml:5:9: device: expected cpu, cuda, cuda:N or emulated, found 'gpu'")]
    [InlineData("seed: 1\nseed: 2\n", "a.yaml:6:1: seed: the key stands twice, first at a.yaml:5:1")]
    public void A_fault_names_its_place_its_key_what_was_expected_and_what_was_found(string more, string fault) =>
        Assert.StartsWith(fault, FaultsOf(Good + more), StringComparison.Ordinal);

    [Theory]
    [InlineData("model.decoder.heads=5", "--set model.decoder.heads=5: model.decoder.heads: 5 does not divide model.image.width 128; use 1, 2, 4, 8 or 16")]
    [InlineData("model.image.patch=7", "--set model.image.patch=7: model.image.patch: 7 does not divide data.image_size 64; use 1, 2, 4, 8, 16, 32 or 64")]
    [InlineData("model.text.heads=3", "--set model.text.heads=3: model.text.heads: 3 does not divide model.text.width 128; use 1, 2, 4, 8 or 16")]
    [InlineData("train.min_lr=1", "--set train.min_lr=1: train.min_lr: 1 is above train.lr 0.0005")]
    [InlineData("train.epochs=0", "--set train.epochs=0: train.epochs: method 'dwarf' needs at least 1 epoch")]
    [InlineData("method=pretrained", "--set method=pretrained: method: 'pretrained' needs weights or pretrain.epochs above 0")]
    [InlineData("data.mean=[0.4, 0.5]", "--set data.mean=[0.4, 0.5]: data.mean: expected a number or a list of three of at least 0 and at most 1, found a list")]
    [InlineData("data.mean=[0.4, 0.5, 2]", "--set data.mean=[0.4, 0.5, 2]: data.mean: expected a number of at least 0 and at most 1, found '2'")]
    [InlineData("data.std=[1, 1, x]", "--set data.std=[1, 1, x]: data.std: expected a number above 0 and at most 10, found 'x'")]
    [InlineData("data.normalise=imagnet", "--set data.normalise=imagnet: data.normalise: expected one of fixed, image, imagenet, found 'imagnet'; did you mean 'imagenet'?")]
    [InlineData("findings=[]", "--set findings=[]: findings: expected at least one finding, found an empty list")]
    [InlineData("findings=[a, a]", "--set findings=[a, a]: findings: 'a' stands twice")]
    [InlineData("data.images=", "a.yaml:1:1: data.images: kind folder needs the folder of the image files", true)]
    public void What_one_key_asks_of_another_is_checked(string set, string fault, bool anyPlace = false)
    {
        string found = FaultsOf(Good, set);
        Assert.True(anyPlace ? found.EndsWith(fault[(fault.IndexOf(": ", StringComparison.Ordinal) + 2)..], StringComparison.Ordinal) : found == fault, found);
    }

    [Fact]
    public void All_faults_come_at_once_in_the_order_of_the_file()
    {
        string[] faults = FaultsOf("""
            findings: [Effusion, [x]]
            sede: 1
            loss: {lambda: 2, grid: pixel}
            train:
              epochs: many
              batch_sise: 3
            """).Split('\n');
        Assert.Equal(
            [
                "a.yaml:1:1: model.text.vocab: this key is missing: the WordPiece vocabulary, a piece a line",
                "a.yaml:1:1: data.images: kind folder needs the folder of the image files",
                "a.yaml:1:1: data.labels: kind folder needs the CSV of labels",
                "a.yaml:1:1: data.annotations: method dwarf needs outlines",
                "a.yaml:1:22: findings: expected text, found a list",
                "a.yaml:2:1: sede: unknown key; did you mean 'seed'?",
                "a.yaml:3:16: loss.lambda: expected a number of at least 0 and at most 1, found '2'",
                "a.yaml:3:25: loss.grid: expected one of pixels, patches, found 'pixel'; did you mean 'pixels'?",
                "a.yaml:5:11: train.epochs: expected a whole number of at least 0 and at most 1000000, found 'many'",
                "a.yaml:6:3: train.batch_sise: unknown key; did you mean 'train.batch_size'?",
            ], faults);
    }

    [Fact]
    public void A_wrong_key_of_a_set_is_found_like_one_in_the_file() => Assert.Equal(
        "--set train.epocs=3: train.epocs: unknown key; did you mean 'train.epochs'?", FaultsOf(Good, "train.epocs=3"));

    [Theory]
    [InlineData("train.epochs")]
    [InlineData("=3")]
    [InlineData("train..epochs=3")]
    public void A_set_without_key_or_value_is_a_usage_error(string text) =>
        Assert.Equal(ErrorKind.Usage, Assert.Throws<DwarfException>(() => Override.Parse(text)).Kind);

    [Fact]
    public void A_file_that_is_not_there_is_a_missing_input()
    {
        Assert.Equal(ErrorKind.MissingInput, Assert.Throws<DwarfException>(() => ConfigLoader.Load("/nowhere/a.yaml")).Kind);
        Assert.Equal(ErrorKind.MissingInput, Assert.Throws<DwarfException>(() => ConfigLoader.Load("/")).Kind);
    }

    [Fact]
    public void Faults_have_the_exit_code_of_a_configuration() =>
        Assert.Equal(ErrorKind.Configuration, Assert.Throws<ConfigException>(() => new ConfigFile("seed: x").Load()).Kind);
}
