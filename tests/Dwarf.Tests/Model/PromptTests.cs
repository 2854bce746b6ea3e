using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class PromptTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);
    private readonly DwarfNetwork _network = TinyModel.Network();
    private readonly Tensor _image = TinyModel.Random([3, 3, 12, 12], "image");
    private readonly Tensor _features = TinyModel.Random([4, 8], "features");

    public void Dispose()
    {
        _network.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void Prompts_alone_in_one_forward_equal_one_forward_each()
    {
        var (logits, map) = Run(_features, Prompts.Alone);
        for (int q = 0; q < 4; q++)
        {
            var one = Tensor.From<double>([1, 8], _features.Span<double>().Slice(q * 8, 8));
            var (oneLogits, oneMap) = Run(one, Prompts.Alone);
            var (together, _) = Run(one, Prompts.Together);
            for (int b = 0; b < 3; b++)
            {
                Assert.Equal(Part(oneLogits, b, 2), Part(logits, (b * 4) + q, 2), Near);
                Assert.Equal(Part(oneMap, b, 9), Part(map, (b * 4) + q, 9), Near);
                Assert.Equal(Part(oneLogits, b, 2), Part(together, b, 2), Near);
            }
        }
    }

    [Fact]
    public void Prompts_together_change_each_others_answers()
    {
        var (alone, _) = Run(_features, Prompts.Alone);
        var (together, _) = Run(_features, Prompts.Together);
        Assert.True(TinyModel.Doubles(alone).Zip(TinyModel.Doubles(together), (a, b) => Math.Abs(a - b)).Max() > 1e-3);
    }

    [Fact]
    public void Maps_sum_to_one_in_training_too()
    {
        using var tape = new Tape(_cpu) { Recording = false };
        var dropout = new DropoutSites(0.5);
        dropout.Begin(1, 0);
        var (_, map) = _network.Forward(tape, tape.Constant(_image), tape.Constant(_features), Prompts.Alone, dropout);
        for (int row = 0; row < 12; row++)
        {
            Assert.Equal(1, Part(map.Value, row, 9).Sum(), 12);
        }
    }

    [Fact]
    public void Dropout_is_a_function_of_seed_and_step()
    {
        double[] first = Trained(1, 5);
        Assert.Equal(first, Trained(1, 5));
        Assert.NotEqual(first, Trained(1, 6));
        Assert.NotEqual(first, Trained(2, 5));
    }

    private double[] Trained(long seed, long step)
    {
        using var tape = new Tape(_cpu) { Recording = false };
        var dropout = new DropoutSites(0.1);
        dropout.Begin(seed, step);
        var (logits, _) = _network.Forward(tape, tape.Constant(_image), tape.Constant(_features), Prompts.Alone, dropout);
        return TinyModel.Doubles(logits.Value);
    }

    private (Tensor Logits, Tensor Map) Run(Tensor features, Prompts prompts)
    {
        using var tape = new Tape(_cpu) { Recording = false };
        var (logits, map) = _network.Forward(tape, tape.Constant(_image), tape.Constant(features), prompts);
        return (logits.Value.To(DType.F64), map.Value.To(DType.F64));
    }

    private static double[] Part(Tensor tensor, int row, int size) => tensor.Span<double>().Slice(row * size, size).ToArray();

    private static bool Near(double a, double b) => Math.Abs(a - b) <= 1e-12;
}
