using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class HeadTests : IDisposable
{
    private readonly CpuDevice _cpu = new(1);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(HeadKind.Conv1, 1)]
    [InlineData(HeadKind.Conv3, 3)]
    public void Convolution_heads_slide_their_kernel_over_the_grid_as_pytorchs_conv2d(HeadKind kind, int side)
    {
        // A grid that is not square, so that rows and columns cannot be mixed up.
        var config = TinyModel.Config with
        {
            Image = TinyModel.Config.Image with { Size = 12, SizeAcross = 20 },
            Heads = new HeadConfig { Kind = kind, Init = HeadInit.Random },
        };
        const int Rows = 3, Columns = 5;
        using var network = TinyModel.Network(config);
        var weight = network.Parameters.Find("heads.B.weight")!;
        var bias = network.Parameters.Find("heads.B.bias")!;
        Assert.Equal(new Shape([1, 1, side, side]), weight.Shape);
        bias.Value.Span<double>()[0] = 0.5;
        double[] k = TinyModel.Doubles(weight.Value);
        var z = TinyModel.Random([2, Rows * Columns], "z");
        double[] x = TinyModel.Doubles(z), expected = new double[2 * Rows * Columns];
        for (int i = 0; i < expected.Length; i++)
        {
            int n = i / (Rows * Columns), row = i / Columns % Rows, column = i % Columns;
            expected[i] = 0.5;
            for (int t = 0; t < side * side; t++)
            {
                int y = row + (t / side) - (side / 2), u = column + (t % side) - (side / 2);
                expected[i] += y is >= 0 and < Rows && u is >= 0 and < Columns ? k[t] * x[(((n * Rows) + y) * Columns) + u] : 0;
            }
        }

        using var tape = new Tape(_cpu) { Recording = false };
        Assert.Equal(expected, TinyModel.Doubles(network.Head("B").Apply(tape, tape.Constant(z)).Value), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Heads_do_not_decay_and_an_unknown_one_is_named_with_the_nearest()
    {
        using var network = TinyModel.Network(TinyModel.Config);
        Assert.All(network.Head("A").Parameters, p => Assert.False(p.Decays));
        using var longer = new DwarfNetwork(TinyModel.Config, ["Effusion", "Fibrosis"], DType.F32, 1);
        var error = Assert.Throws<DwarfException>(() => longer.Head("Efusion"));
        Assert.Equal("the network has no head for 'Efusion'; did you mean 'Effusion'?", error.Message);
    }

    [Fact]
    public void Each_place_of_a_forward_drops_other_elements()
    {
        var sites = new DropoutSites(0.5);
        sites.Begin(7, 3);
        using var tape = new Tape(_cpu) { Recording = false };
        var ones = tape.Constant(Tensor.From<double>([64], [.. Enumerable.Repeat(1.0, 64)]));
        double[] first = TinyModel.Doubles(sites.Drop(tape, ones).Value), second = TinyModel.Doubles(sites.Drop(tape, ones).Value);
        Assert.NotEqual(first, second);
        sites.Begin(7, 3);
        Assert.Equal(first, TinyModel.Doubles(sites.Drop(tape, ones).Value));
    }
}
