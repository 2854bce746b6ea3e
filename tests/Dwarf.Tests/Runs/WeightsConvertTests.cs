using Dwarf.Tests.Data;
using Dwarf.Tests.Shell;
using Dwarf.Training.Imaging;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>A checkpoint that PyTorch wrote and the safetensors made of it are the same weights to every verb.</summary>
public sealed class WeightsConvertTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Phantom();

    private static string Checkpoint => Golden("kad.pt");

    private string Converted => _run.In("kad.safetensors");

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("kinds.pt")]
    [InlineData("kad.pt")]
    public void Names_types_shapes_bits_and_metadata_are_kept(string name)
    {
        Convert(Golden(name), Converted);
        using var before = WeightArchive.Open(Golden(name));
        using var after = SafetensorsFile.Open(Converted);
        Assert.Equal(before.Entries.Select(e => (e.Name, e.Stored, e.Shape)), after.Entries.Select(e => (e.Name, e.Stored, e.Shape)));
        Assert.All(before.Entries, e => Assert.Equal(Stored(before, e), Stored(after, after.Find(e.Name)!)));
        Assert.Equal(before.Metadata.OrderBy(m => m.Key), after.Metadata.OrderBy(m => m.Key));

        string again = _run.In("again.safetensors");
        Convert(Converted, again);
        Assert.Equal(File.ReadAllBytes(Converted), File.ReadAllBytes(again));
    }

    [Fact]
    public void A_file_that_exists_is_replaced_by_force_alone_and_never_in_part()
    {
        File.WriteAllText(Converted, "precious");
        var refused = Invocation.Of("weights", "convert", Checkpoint, Converted);
        Assert.Equal((73, "", "precious"), (refused.Code, refused.Out, File.ReadAllText(Converted)));
        Assert.Contains("exists already", refused.Error, StringComparison.Ordinal);

        string cut = _run.In("cut.pt");
        File.WriteAllBytes(cut, File.ReadAllBytes(Checkpoint)[..^9]);
        Assert.Equal(65, Invocation.Of("weights", "convert", cut, Converted, "--force").Code);
        Assert.Equal("precious", File.ReadAllText(Converted));

        var forced = Invocation.Of("weights", "convert", Checkpoint, Converted, "--force", "--json");
        Assert.True(forced.Code == 0, forced.Error);
        Assert.Equal(forced.Out, Invocation.Of("weights", "inspect", Converted, "--json").Out);
        Assert.Equal(forced.Out, Invocation.Of("weights", "inspect", Checkpoint, "--json").Out);
        Assert.Equal(64, Invocation.Of("weights", "convert", Checkpoint, _run.In("other.pt")).Code);
        Assert.Equal(66, Invocation.Of("weights", "convert", _run.In("absent.pt"), _run.In("other.safetensors")).Code);
        Assert.Equal(74, Invocation.Of("weights", "convert", Checkpoint, _run.In("no/folder.safetensors")).Code);
        Assert.Empty(Directory.GetFiles(_run.Root, "*.tmp"));
    }

    [Fact]
    public void A_run_an_evaluation_and_a_prediction_from_either_file_give_the_same_bits()
    {
        Convert(Checkpoint, Converted);
        string image = _run.In("chest.png");
        byte[] pixels = [.. Enumerable.Range(0, 40 * 40).Select(i => (byte)((i * 7) + (i / 40)))];
        File.WriteAllBytes(image, PngWriter.Encode(40, 40, 1, pixels));
        foreach (string[] verb in (string[][])[["eval", _run.Config, "--json"], ["predict", image, "--json"]])
        {
            var (first, second) = (Invocation.Of([.. verb, "--weights", Checkpoint]), Invocation.Of([.. verb, "--weights", Converted]));
            Assert.True(first.Code == 0, first.Error);
            Assert.Equal(first.Out.Replace("kad.pt", "kad.safetensors", StringComparison.Ordinal), second.Out);
        }

        string[] sets = ["--set", "pretrain.epochs=1", "--set", "train.epochs=2", "--set"];
        _run.Finish("first", [.. sets, $"weights={Checkpoint}"]);
        _run.Finish("second", [.. sets, $"weights={Converted}"]);
        _run.AssertSame("first", "second");
        _run.Finish("other", [.. sets[..^1]]);
        Assert.NotEqual(File.ReadAllBytes(_run.In("first/checkpoints/last.safetensors")), File.ReadAllBytes(_run.In("other/checkpoints/last.safetensors")));
    }

    [Fact]
    public void A_network_run_from_either_file_gives_the_same_outputs_and_gradients()
    {
        Convert(Checkpoint, Converted);
        string input = _run.In("in.safetensors");
        var image = Tensor.From<float>([1, 3, 32, 32], [.. Enumerable.Range(0, 3 * 32 * 32).Select(i => MathF.Sin(i))]);
        SafetensorsWriter.Write(input, new Dictionary<string, Tensor>
        {
            ["image"] = image,
            ["input_ids"] = Tensor.From<long>([2, 4], [2, 5, 3, 0, 2, 6, 6, 3]),
            ["attention_mask"] = Tensor.From<long>([2, 4], [1, 1, 1, 0, 1, 1, 1, 1]),
            ["cotangent.logits"] = Tensor.From<float>([1, 2, 2], [1, -1, 0.5f, 2]),
        });
        string[] files = [Checkpoint, Converted], outputs = [_run.In("1.safetensors"), _run.In("2.safetensors")];
        foreach (var (weights, output) in files.Zip(outputs))
        {
            var run = Invocation.Of(
                "model", "run", "--weights", weights, "--in", input, "--out", output,
                "--attr", "image_heads=2", "--attr", "text_heads=2", "--attr", "decoder_heads=2");
            Assert.True(run.Code == 0, run.Error);
        }

        Assert.Equal(File.ReadAllBytes(outputs[0]), File.ReadAllBytes(outputs[1]));
        using var result = SafetensorsFile.Open(outputs[0]);
        Assert.True(result.Contains("grad.model.decoder.norm.weight") && result.Contains("grad.image_encoder.vit.embeddings.cls_token"));
    }

    private static string Golden(string name)
        => Path.Combine(GoldenTable.Root, "tests", "golden", "weights", name);

    private static void Convert(string from, string to)
    {
        var run = Invocation.Of("weights", "convert", from, to);
        Assert.True(run.Code == 0, run.Error);
    }

    private static byte[] Stored(WeightArchive file, TensorEntry entry)
    {
        var bytes = new byte[entry.StoredBytes];
        file.ReadStored(entry, 0, bytes);
        return bytes;
    }
}
