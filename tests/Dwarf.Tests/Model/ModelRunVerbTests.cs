using Dwarf.Tests.Shell;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class ModelRunVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-model-run-").FullName;

    private string Out => Path.Combine(_folder, "out.safetensors");

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void Model_run_writes_outputs_and_gradients_of_every_weight()
    {
        Invocation run = Run("image_heads=2", "text_heads=3", "decoder_heads=4");
        Assert.Equal(0, run.Code);
        Dictionary<string, Tensor> expected = SafetensorsFile.ReadAll(GoldenTests.Golden("output"));
        Dictionary<string, Tensor> found = SafetensorsFile.ReadAll(Out);
        foreach (string name in (string[])["logits", "map", "grad.image_encoder.vit.embeddings.cls_token"])
        {
            TinyModel.AssertClose(expected[name], found[name], 1e-9, 0, name);
        }
    }

    [Theory]
    [InlineData(64, "unknown attribute 'image_head'; did you mean 'image_heads'?", "image_head=2")]
    [InlineData(64, "attribute text_heads must be an integer of at least 1, found 'x'", "text_heads=x")]
    [InlineData(64, "image_heads: 12 does not divide the width 8", "text_heads=3")]
    public void Wrong_attributes_are_errors_of_usage(int code, string message, string attribute)
    {
        Invocation run = Run(attribute);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Out));
    }

    private Invocation Run(params string[] attributes) => Invocation.Of([
        "model", "run", "--weights", GoldenTests.Golden("weights"), "--in", GoldenTests.Golden("input"), "--out", Out, "--dtype", "f64",
        .. attributes.SelectMany(a => (string[])["--attr", a])]);
}
