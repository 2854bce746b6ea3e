using Dwarf.Model;
using Dwarf.Training.Runs;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class InferenceTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);
    private readonly DwarfNetwork _network = TinyModel.Network(
        TinyModel.Config with { Heads = new HeadConfig { Init = HeadInit.Random } }, DType.F32);

    private readonly Tensor _images = TinyModel.Random([5, 3, 12, 12], "image", DType.F32);
    private readonly Tensor _features = TinyModel.Random([3, 8], "features", DType.F32);

    public void Dispose()
    {
        _network.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void It_says_what_the_network_computes_for_each_finding_alone_in_batches_of_any_size()
    {
        var maps = new MapConfig();
        string[] findings = ["B", "no head", "A"];
        var answers = Ask(2, findings, maps);
        for (int q = 0; q < 3; q++)
        {
            using var tape = new Tape(_cpu) { Recording = false };
            var one = Tensor.From<float>([1, 8], _features.Span<float>().Slice(q * 8, 8));
            var (logits, map) = _network.Forward(tape, tape.Constant(_images), tape.Constant(one));
            double[] z = TinyModel.Doubles(logits.Value);
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal(1 / (1 + Math.Exp(z[2 * i] - z[(2 * i) + 1])), answers[q][i].Probability, 1e-5);
                Assert.Equal(144, answers[q][i].RawMap.Length);
                Assert.Equal(q == 1, answers[q][i].RefinedMap is null);
            }

            var head = q == 1 ? null : _network.Head(findings[q]);
            var refined = MapRefinement.Refine(tape, tape.Reshape(map, [5, 9]), head, maps);
            var resized = MapRefinement.Resize(tape, refined, _network.Config.Image, 12, 12);
            var seen = MapRefinement.Seen(tape, resized, maps).Value.Span<float>();
            for (int i = 0; i < 5 * 144 && q != 1; i++)
            {
                Assert.Equal(seen[i], answers[q][i / 144].RefinedMap![i % 144], 1e-5f);
            }
        }
    }

    [Fact]
    public void The_size_of_the_batch_changes_no_bit()
    {
        var (small, large) = (Ask(1, ["A", "B", "A"], new MapConfig()), Ask(5, ["A", "B", "A"], new MapConfig()));
        foreach (var (a, b) in small.SelectMany(q => q).Zip(large.SelectMany(q => q)))
        {
            Assert.Equal(a.Probability, b.Probability);
            Assert.Equal(a.RawMap, b.RawMap);
            Assert.Equal(a.RefinedMap, b.RefinedMap);
        }
    }

    private Answer[][] Ask(int batch, string[] findings, MapConfig maps)
    {
        using var tape = new Tape(_cpu);
        return new Inference(_network, tape, maps, batch).Ask(
            5, (i, image) => _images.Span<float>().Slice(i * image.Length, image.Length).CopyTo(image), _features, findings, maps: true);
    }
}
