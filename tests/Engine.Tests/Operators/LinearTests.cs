using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

public sealed class LinearTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(GemmActivation.None)]
    [InlineData(GemmActivation.Gelu)]
    [InlineData(GemmActivation.Relu)]
    public void Values_and_gradients_of_a_small_layer(GemmActivation activation)
    {
        using var tape = new Tape(_cpu);
        var x = tape.Leaf(Tensor.From<double>([3, 2], [1, 2, -0.5, 0.25, 3, -1]));
        var weight = tape.Leaf(Tensor.From<double>([1, 2], [0.5, -1]));
        var bias = tape.Leaf(Tensor.From<double>([1], [0.25]));
        var y = tape.Keep(tape.Linear(x, weight, bias, activation));
        double[] dy = [1, -2, 0.5];
        tape.Backward([y], [Tensor.From<double>([3, 1], dy)]);
        double[] pre = [-1.25, -0.25, 2.75];
        var dpre = new double[3];
        for (int i = 0; i < 3; i++)
        {
            var (value, slope) = Activation(activation, pre[i]);
            Assert.Equal(value, y.Value.Span<double>()[i], 12);
            dpre[i] = dy[i] * slope;
        }

        AssertClose([dpre[0] * 0.5, -dpre[0], dpre[1] * 0.5, -dpre[1], dpre[2] * 0.5, -dpre[2]], x.Grad!);
        AssertClose([dpre[0] - (0.5 * dpre[1]) + (3 * dpre[2]), (2 * dpre[0]) + (0.25 * dpre[1]) - dpre[2]], weight.Grad!);
        AssertClose([dpre.Sum()], bias.Grad!);
    }

    [Fact]
    public void Only_what_is_asked_for_gets_a_gradient()
    {
        using var tape = new Tape(_cpu);
        var x = tape.Leaf(Tensor.From<double>([1, 2], [1, 2]));
        var weight = tape.Constant(Tensor.From<double>([1, 2], [3, 4]));
        var bias = tape.Constant(Tensor.From<double>([1], [5]));
        var loss = tape.Linear(x, weight, bias);
        tape.Backward(loss);
        AssertClose([3, 4], x.Grad!);
        Assert.Null(weight.Grad);
        Assert.Null(bias.Grad);
    }

    private static (double Value, double Slope) Activation(GemmActivation activation, double x)
    {
        if (activation == GemmActivation.Gelu)
        {
            double phi = 0.5 * (1 + Cpu.Oracle.Erf(x / Math.Sqrt(2)));
            return (x * phi, phi + (x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI)));
        }

        return activation == GemmActivation.Relu ? (Math.Max(x, 0), x > 0 ? 1 : 0) : (x, 1);
    }

    private static void AssertClose(double[] expected, Tensor found)
    {
        Assert.Equal(expected.Length, found.Count);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found.Span<double>()[i], 12);
        }
    }
}
