using Dwarf.Model.Weights;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Runs with other encoders and decoders than the default, from YAML to predict.</summary>
public sealed class LayoutRunTests : IDisposable
{
    private readonly TinyRun _run = TinyRun.Folder();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_run_with_medklips_decoder_and_lukemelas_vit_trains_resumes_and_predicts()
    {
        string[] kinds = ["--set", "model.image.kind=lukemelas-vit", "--set", "model.decoder.kind=medklip"];
        _run.Finish("straight", kinds);
        Assert.False(Session(kinds, resume: false, (steps, _) => steps == 9));
        _run.Finish("stopped", [.. kinds, "--resume"]);
        _run.AssertSame("straight", "stopped");
        string best = _run.In("straight/checkpoints/best.safetensors");
        using (var file = WeightArchive.Open(best))
        {
            Assert.Contains(file.Entries, e => e.Name == "image_encoder.transformer.blocks.0.attn.proj_q.weight");
            Assert.Contains(file.Entries, e => e.Name == "model.disease_embedding_layer.weight" && e.Shape == new Shape([16, 8]));
            Assert.DoesNotContain(file.Entries, e => e.Name.Contains("mlp_embed", StringComparison.Ordinal));
        }

        string picture = Directory.EnumerateFiles(_run.In("data/images")).First();
        var predict = Shell.Invocation.Of(["predict", "--weights", best, "--out", _run.In("pictures"), picture]);
        Assert.True(predict.Code == 0, predict.Error);

        // Another run may start from it: all of it is loaded, and the note says so.
        var again = _run.Train("again", [.. kinds, "--set", $"weights={best}"]);
        Assert.True(again.Code == 0, again.Error);
        Assert.Contains("best.safetensors: loaded ", again.Error, StringComparison.Ordinal);
        var wrong = _run.Train("wrong", "--set", $"weights={best}");
        Assert.Equal(65, wrong.Code);
        Assert.Contains("the file's image encoder is a vision transformer in lukemelas' layout", wrong.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.image.stage=3", "model.image.stage: model.image.kind vit does not read it")]
    [InlineData("model.text.positions=3", "model.text.positions: 3 are fewer than model.text.max_length 6")]
    public void Keys_that_the_kind_does_not_read_are_faults(string set, string message)
    {
        var run = _run.Train("faulty", "--set", set);
        Assert.Equal(78, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    private bool Session(string[] sets, bool resume, Func<int, string, bool> stop)
        => _run.Session("stopped", resume, stop, [.. sets.Where(s => s != "--set")]);
}
