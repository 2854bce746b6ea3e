using System.Text.Json;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Optim;

public sealed class GradientClippingTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(DType.F64, 1e-12)]
    [InlineData(DType.F32, 1e-6)]
    public void Norm_and_clipped_gradients_equal_those_of_PyTorch(DType dtype, double rtol)
    {
        foreach (var golden in OptimGolden.Root.GetProperty("clipping").EnumerateArray())
        {
            using var trained = Three(dtype);
            var grads = golden.GetProperty("grads").EnumerateArray().ToList();
            trained.Backward(("a", OptimGolden.Numbers(grads[0])), ("b", null), ("c", OptimGolden.Numbers(grads[2])));
            double norm = new GradientClipping(trained.Store).Clip(_cpu, golden.GetProperty("max_norm").GetDouble());
            Assert.Equal(golden.GetProperty("norm").GetDouble(), norm, 1e-6);
            var clipped = golden.GetProperty("clipped").EnumerateArray().ToList();
            Assert.Equal(JsonValueKind.Null, clipped[1].ValueKind);
            Assert.Null(trained["b"].Grad);
            Close.Assert(trained["a"].Grad!, Tensor.From<double>([3, 5], OptimGolden.Numbers(clipped[0])), rtol, 0, "a");
            Close.Assert(trained["c"].Grad!, Tensor.From<double>([4], OptimGolden.Numbers(clipped[2])), rtol, 0, "c");
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_gradient_that_is_no_number_is_reported_and_left_alone(double bad)
    {
        using var trained = Three(DType.F32);
        trained.Backward(("a", new double[15]), ("c", [1, bad, 2, 3]));
        Assert.False(double.IsFinite(new GradientClipping(trained.Store).Clip(_cpu, 0.1)));
        Assert.Equal([1, (float)bad, 2, 3], trained["c"].Grad!.ToArray<float>());
    }

    [Fact]
    public void Large_single_precision_gradients_do_not_overflow_the_norm()
    {
        using var trained = Three(DType.F32);
        trained.Backward(("c", [3e30, 4e30, 0, 0]));
        Assert.Equal(5e30, new GradientClipping(trained.Store).Clip(_cpu, double.PositiveInfinity), 1e24);
    }

    private Trained Three(DType dtype) => new(_cpu, dtype, ("a", [3, 5], true, []), ("b", [2], true, []), ("c", [4], false, []));
}
