using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

public sealed class TapeTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void Layer_norm_by_name_gives_outputs_and_gradients()
    {
        var inputs = new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.From<double>([2, 3], [1, 2, 4, -1, 0, 3]),
            ["residual"] = Tensor.From<double>([2, 3], [0, 1, 0, 2, 0, 0]),
            ["weight"] = Tensor.From<double>([3], [1, 2, 3]),
            ["bias"] = Tensor.From<double>([3], [0.5, 0, -1]),
            ["cotangent.y"] = Tensor.From<double>([2, 3], [1, 0, 2, 0, 1, 0]),
        };
        var result = OperatorRunner.Run(_cpu, OperatorRunner.Find("layer_norm"), inputs, new Dictionary<string, string>(), DType.F64);
        Assert.Equal([1.0, 3, 4, 1, 0, 3], result["sum"].ToArray<double>());
        Assert.Equal(result["grad.x"].ToArray<double>(), result["grad.residual"].ToArray<double>());

        // Row 0 is 1, 3, 4: mean 8/3, variance 14/9.
        double rstd = 1 / Math.Sqrt((14.0 / 9) + 1e-5);
        Assert.Equal(((1 - (8.0 / 3)) * rstd) + 0.5, result["y"].Span<double>()[0], 12);
        Assert.Equal([1.0, 1, 2], result["grad.bias"].ToArray<double>());
    }

    [Fact]
    public void A_shared_gradient_is_copied_before_it_is_added_to()
    {
        using var tape = new Tape(_cpu);
        var x = tape.Leaf(Tensor.From<double>([2], [1, 2]));
        var a = tape.Reshape(x, [2, 1]);
        var b = tape.Reshape(x, [1, 2]);
        var cotangent = Tensor.From<double>([1, 2], [10, 20]);
        tape.Backward([a, b], [Tensor.From<double>([2, 1], [1, 1]), cotangent]);
        Assert.Equal([10.0, 20], cotangent.ToArray<double>());
        Assert.Equal([11.0, 21], x.Grad!.ToArray<double>());
    }
}
