using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class PredictorTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);
    private readonly DwarfNetwork _network = TinyModel.Network(TinyModel.Config with { Heads = new HeadConfig { Init = HeadInit.Random } });
    private readonly Tensor _image = TinyModel.Random([2, 3, 12, 12], "image");
    private readonly Tensor _features = TinyModel.Random([3, 8], "features");

    public void Dispose()
    {
        _network.Dispose();
        _cpu.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    public void It_says_what_the_network_computes_for_each_finding_alone(int pixels)
    {
        var maps = new MapConfig();
        using var predictor = new Predictor(_cpu, _network, maps);
        string[] findings = ["B", "no head", "A"];
        var found = predictor.Predict(_image, _features, findings, pixels, pixels);
        int size = (int)(found.Raw.Shape[2] * found.Raw.Shape[3]);
        Assert.Equal(pixels == 0 ? 9 : 144, size);
        for (int q = 0; q < 3; q++)
        {
            using var tape = new Tape(_cpu) { Recording = false };
            var one = Tensor.From<double>([1, 8], _features.Span<double>().Slice(q * 8, 8));
            var (logits, map) = _network.Forward(tape, tape.Constant(_image), tape.Constant(one));
            var head = q == 1 ? null : _network.Head(findings[q]);
            var refined = MapRefinement.Refine(tape, tape.Reshape(map, [2, 9]), head, maps);
            refined = pixels == 0 ? refined : MapRefinement.Resize(tape, refined, _network.Config.Image, pixels, pixels);
            double[] seen = TinyModel.Doubles(MapRefinement.Seen(tape, refined, maps).Value), z = TinyModel.Doubles(logits.Value);
            for (int b = 0; b < 2; b++)
            {
                int at = (b * 3) + q;
                Assert.Equal(Math.Exp(z[(2 * b) + 1]) / (Math.Exp(z[2 * b]) + Math.Exp(z[(2 * b) + 1])), TinyModel.Doubles(found.Probabilities)[at], 1e-12);
                double[] map2 = TinyModel.Doubles(found.Refined)[(at * size)..((at + 1) * size)];
                Assert.Equal(seen[(b * size)..((b + 1) * size)], map2, (x, y) => Math.Abs(x - y) < 1e-12);
                double[] raw = TinyModel.Doubles(found.Raw)[(at * size)..((at + 1) * size)];
                Assert.Equal(q == 1, raw.SequenceEqual(map2));
                Assert.True(pixels > 0 || raw.Max() == 1 - MapRefinement.Clip || Math.Abs(raw.Max() - 1 + MapRefinement.Clip) < 1e-12);
            }
        }
    }

    [Fact]
    public void Text_features_are_those_of_the_text_encoder()
    {
        var (ids, mask) = (TinyModel.Longs([2, 3], 1, 2, 3, 4, 5, 0), TinyModel.Longs([2, 3], 1, 1, 1, 1, 1, 0));
        using var predictor = new Predictor(_cpu, _network, new MapConfig());
        using var tape = new Tape(_cpu) { Recording = false };
        Assert.Equal(TinyModel.Doubles(_network.Text!.Forward(tape, ids, mask).Value), TinyModel.Doubles(predictor.TextFeatures(ids, mask)));
    }
}
