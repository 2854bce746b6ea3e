using System.Text.Json;
using Dwarf.Model.Weights;
using Dwarf.Tests.Shell;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Dwarf.Training.Runs;
using Xunit;

namespace Dwarf.Tests.Runs;

public sealed class ImageInputTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dwarf-input-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Each_channel_has_its_own_mean_and_deviation()
    {
        var input = new ImageInput(PerImage: false, new(0.485, 0.456, 0.406), new(0.229, 0.224, 0.225));
        float[] pixels = [0f, 0.25f, 1f];
        var result = new float[9];
        input.Plain(pixels, result);
        (double Mean, double Std)[] channels = [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)];
        for (int i = 0; i < 9; i++)
        {
            Assert.Equal((float)((pixels[i % 3] - channels[i / 3].Mean) / channels[i / 3].Std), result[i]);
        }

        var fromBytes = new float[9];
        input.Plain(new SamplePixels([0, 128, 255]), fromBytes);
        Assert.Equal([result[0], (float)(((128 / 255f) - 0.485) / 0.229), result[2]], fromBytes[..3]);
    }

    [Fact]
    public void One_number_serves_all_channels()
    {
        var result = new float[6];
        new ImageInput(PerImage: false, 0.5, 0.25).Plain([0f, 1f], result);
        Assert.Equal([-2f, 2f, -2f, 2f, -2f, 2f], result);
    }

    [Fact]
    public void A_weights_file_says_one_number_as_ever_and_three_as_a_list()
    {
        var json = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
        Preprocessing uniform = new ImageInput(false, 0.5, 0.25).Described(64), own = new ImageInput(false, new(0.1, 0.2, 0.3), 0.25).Described(64);
        Assert.Contains("\"mean\":0.5,\"std\":0.25", JsonSerializer.Serialize(uniform, json), StringComparison.Ordinal);
        Assert.Contains("\"mean\":[0.1,0.2,0.3],\"std\":0.25", JsonSerializer.Serialize(own, json), StringComparison.Ordinal);
        Assert.Equal(own, JsonSerializer.Deserialize<Preprocessing>(JsonSerializer.Serialize(own, json), json));
        Assert.Equal(uniform, JsonSerializer.Deserialize<Preprocessing>("""{"image_size": 64, "mean": 0.5, "std": 0.25, "resize": "bicubic"}""", json));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Preprocessing>("""{"mean": [0.5, 0.25]}""", json));
    }

    [Theory]
    [InlineData("normalise=imagenet", "- (0.485, 0.456, 0.406), / (0.229, 0.224, 0.225)")]
    [InlineData("mean=[0.5, 0.25, 0.5]", "- (0.5, 0.25, 0.5), / 0.25")]
    [InlineData("std=[1, 2, 3]", "- 0.5, / (1, 2, 3)")]
    [InlineData("normalise=image", "- its own mean, / (its own deviation + 0.001)")]
    [InlineData("mean=0.25", "- 0.25, / 0.25")]
    public void A_dry_run_prints_the_whole_preprocessing(string setting, string says)
    {
        string config = Path.Combine(_folder.FullName, "tiny.yaml");
        File.WriteAllText(config, """
            method: dwarf
            findings: [Mass]
            train: {epochs: 1}
            data: {kind: phantom, image_size: 16, phantom: {count_train: 4, count_validation: 2, count_test: 2}}
            model:
              image: {patch: 8, width: 8, layers: 1, heads: 1, hidden: 8}
              text: {vocab: VOCAB, width: 8, layers: 1, heads: 1, hidden: 8}
              decoder: {layers: 1, heads: 1, hidden: 8}
            """.Replace("VOCAB", Path.Combine(Data.GoldenTable.Root, "data", "bert-vocab", "vocab.txt"), StringComparison.Ordinal));
        Invocation run = Invocation.Of("train", config, "--dry-run", "--set", $"data.{setting}");
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains(
            $"preprocessing: grey, 8 bit -> bicubic (PIL) to 16x16, sides stretched -> / 255 -> 3 channels -> {says}\n", run.Error, StringComparison.Ordinal);
        RunConfig loaded = ConfigLoader.Load(config, [Override.Parse($"data.{setting}")]);
        string resolved = Path.Combine(_folder.FullName, "resolved.yaml");
        File.WriteAllText(resolved, ResolvedConfig.Write(loaded));
        Assert.Equal(loaded.Data, ConfigLoader.Load(resolved, []).Data);
    }
}
