using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Emulator.Tests;

/// <summary>What activations do at the ends of the number line, fused into a layer or alone: as on cpu.</summary>
public sealed class ActivationTests(EmulatedDevice devices)
{
    private static readonly double[] s_values =
        [double.NegativeInfinity, -1e30, -60, -8, -0.5, 0, 0.5, 8, 60, 1e30, double.PositiveInfinity, double.NaN];

    [Theory]
    [InlineData(DType.F32, GemmActivation.Gelu)]
    [InlineData(DType.F32, GemmActivation.Relu)]
    [InlineData(DType.F64, GemmActivation.Gelu)]
    [InlineData(DType.F64, GemmActivation.Relu)]
    public void Extreme_values_and_their_gradients_are_those_of_cpu(DType dtype, GemmActivation activation)
    {
        foreach (bool fused in new[] { false, true })
        {
            var (y, dx) = Run(devices.Cpu, dtype, activation, fused);
            var (foundY, foundDx) = Run(devices.Gpu, dtype, activation, fused);
            for (int i = 0; i < s_values.Length; i++)
            {
                AssertSame(y[i], foundY[i], $"{activation} of {s_values[i]}, {dtype.Label()}{(fused ? ", fused" : "")}");
                AssertSame(dx[i], foundDx[i], $"slope of {activation} at {s_values[i]}, {dtype.Label()}{(fused ? ", fused" : "")}");
            }
        }
    }

    private static void AssertSame(double expected, double found, string because) =>
        Assert.True(
            expected.Equals(found) || Math.Abs(expected - found) <= 1e-6 * Math.Max(1, Math.Abs(expected)),
            $"{because}: {found}, not {expected}");

    private static (double[] Y, double[] Dx) Run(Device device, DType dtype, GemmActivation activation, bool fused)
    {
        using var tape = new Tape(device);
        var x = tape.Leaf(Tensor.From<double>([s_values.Length, 1], s_values).To(dtype).CopyTo(device.Memory));
        var one = tape.Leaf(Tensor.From<double>([1, 1], [1]).To(dtype).CopyTo(device.Memory));
        var y = fused ? tape.Linear(x, one, null, activation) : activation == GemmActivation.Gelu ? tape.Gelu(x) : tape.Relu(x);
        tape.Keep(y);
        var cotangent = tape.Empty(y.Shape, dtype);
        cotangent.CopyFrom(Tensor.From<double>([s_values.Length, 1], [.. s_values.Select(_ => 1.0)]).To(dtype));
        tape.Backward([y], [cotangent]);
        return (Doubles(y.Value), Doubles(x.Grad!));
    }

    private static double[] Doubles(Tensor tensor) => tensor.OnHost().To(DType.F64).ToArray<double>();
}
