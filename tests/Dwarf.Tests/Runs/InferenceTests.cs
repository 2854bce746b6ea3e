using Dwarf.Model;
using Dwarf.Tests.Model;
using Dwarf.Training.Runs;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Runs;

public sealed class InferenceTests : IDisposable
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

    [Fact]
    public void It_says_what_the_network_computes_for_each_finding_alone()
    {
        var maps = new MapConfig();
        using var own = new Tape(_cpu);
        string[] findings = ["B", "no head", "A"];
        double[] pixels = TinyModel.Doubles(_image);
        int size = pixels.Length / 2;
        var answers = new Inference(_network, own, maps, batch: 1).Ask(2, Write, _features, findings, maps: true);
        var together = new Inference(_network, own, maps, batch: 2).Ask(2, Write, _features, findings, maps: true);
        var grid = _network.Config.Image;
        for (int q = 0; q < 3; q++)
        {
            using var tape = new Tape(_cpu) { Recording = false };
            var one = Tensor.From<double>([1, 8], _features.Span<double>().Slice(q * 8, 8));
            var (logits, map) = _network.Forward(tape, tape.Constant(_image), tape.Constant(one));
            var flat = tape.Reshape(map, [2, grid.Patches]);
            double[] raw = TinyModel.Doubles(MapRefinement.Resize(tape, tape.ScaleMap(flat), grid, grid.Size, grid.Size).Value);
            var refined = MapRefinement.Refine(tape, flat, q == 1 ? null : _network.Head(findings[q]), maps);
            double[] seen = TinyModel.Doubles(MapRefinement.Seen(tape, MapRefinement.Resize(tape, refined, grid, grid.Size, grid.Size), maps).Value);
            double[] z = TinyModel.Doubles(logits.Value);
            for (int b = 0; b < 2; b++)
            {
                int count = grid.Size * grid.Size;
                Assert.Equal(Math.Exp(z[(2 * b) + 1]) / (Math.Exp(z[2 * b]) + Math.Exp(z[(2 * b) + 1])), answers[q][b].Probability, 1e-6);
                Same(raw[(b * count)..((b + 1) * count)], answers[q][b].RawMap);
                Assert.Equal(answers[q][b].Probability, together[q][b].Probability);
                Assert.Equal(answers[q][b].RawMap, together[q][b].RawMap);
                Assert.Equal(q == 1, answers[q][b].RefinedMap is null);
                if (q != 1)
                {
                    Same(seen[(b * count)..((b + 1) * count)], answers[q][b].RefinedMap!);
                }
            }
        }

        void Write(int index, float[] image) => Array.ConvertAll(pixels[(index * size)..((index + 1) * size)], v => (float)v).CopyTo(image, 0);
    }

    [Fact]
    public void Text_features_are_those_of_the_text_encoder()
    {
        var (ids, mask) = (TinyModel.Longs([2, 3], 1, 2, 3, 4, 5, 0), TinyModel.Longs([2, 3], 1, 1, 1, 1, 1, 0));
        using var own = new Tape(_cpu);
        using var tape = new Tape(_cpu) { Recording = false };
        var found = new Inference(_network, own, new MapConfig(), batch: 4).TextFeatures(ids, mask);
        Assert.Equal(TinyModel.Doubles(_network.Text!.Forward(tape, ids, mask).Value), TinyModel.Doubles(found));
        Assert.True(own.Recording);
    }

    private static void Same(double[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.True(Math.Abs(pair.First - pair.Second) < 1e-5, $"expected {pair.First}, found {pair.Second}"));
    }
}
