using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

public sealed class GradientCheckTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void A_right_gradient_passes_and_leaves_its_inputs_as_they_were()
    {
        var x = Tensor.From<double>([3], [0.5, -2, 300]);
        double[] before = x.ToArray<double>();
        var comparison = Assert.Single(GradientCheck.Run(_cpu, (tape, v) => [tape.Mul(v[0], v[0])], [x]));
        Assert.InRange(comparison.RelativeError, 0, 1e-8);
        Assert.Equal(before, x.ToArray<double>());
    }

    [Fact]
    public void A_gradient_that_is_a_millionth_off_or_missing_is_found()
    {
        var x = Tensor.From<double>([3], [0.5, -2, 3]);
        Assert.InRange(Error((tape, v) => Wrong(tape, v, 1 + 3e-6)), 2e-6, 4e-6);
        Assert.Equal(double.PositiveInfinity, Error((tape, v) => Wrong(tape, v, double.NaN)));
        Assert.InRange(Error((tape, v) => tape.Add(v, tape.Constant(v.Value))), 0.4, 0.6);

        double Error(Func<Tape, Variable, Variable> f) => Assert.Single(GradientCheck.Run(_cpu, (tape, v) => [f(tape, v[0])], [x])).RelativeError;
    }

    [Fact]
    public void Parameters_are_checked_beside_leaves_and_large_tensors_by_samples()
    {
        using var store = new ParameterStore(DType.F64);
        Parameter weight = null!;
        store.Declare("head.weight", [40, 50], true, t => t.Span<double>().Fill(0.3), p => weight = p);
        store.Build();
        var x = Tensor.From<double>([50], [.. Enumerable.Range(0, 50).Select(i => Math.Sin(i))]);
        var comparisons = GradientCheck.Run(
            _cpu,
            (tape, v) => [tape.ReduceSum(tape.Tanh(tape.Mul(weight, v[0])))],
            [x],
            store.Parameters,
            new GradientCheckOptions { Samples = 30 });
        Assert.Equal(["leaf 0", "head.weight"], comparisons.Select(c => c.Name));
        Assert.All(comparisons, c => Assert.Equal(30, c.Backward.Length));
        Assert.All(comparisons, c => Assert.InRange(c.RelativeError, 0, 1e-6));
        Assert.All(comparisons, c => Assert.Contains(c.Backward, g => Math.Abs(g) > 0.1));
    }

    [Fact]
    public void Single_precision_is_refused()
    {
        var error = Assert.Throws<DTypeException>(() => GradientCheck.Run(_cpu, (_, v) => v, [new Tensor([2], DType.F32)]));
        Assert.Equal("gradient check: leaf 0 must be f64, found f32", error.Message);
    }

    /// <summary>y = x with a gradient that is <paramref name="factor"/> times the right one.</summary>
    private static Variable Wrong(Tape tape, Variable x, double factor)
    {
        var y = tape.Empty(x.Shape, x.DType);
        y.CopyFrom(x.Value);
        return tape.Record("wrong", y, [x], [], WrongBackward, [factor]);
    }

    private static void WrongBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        for (int i = 0; i < dx.Count; i++)
        {
            dx.Span<double>()[i] = node.OutputGrad()!.Span<double>()[i] * node.Number(0);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
