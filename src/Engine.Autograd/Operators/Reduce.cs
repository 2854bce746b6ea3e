using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

/// <content>reduce_sum and reduce_mean.</content>
public static partial class Ops
{
    internal static readonly OperatorInfo ReduceSumInfo = new(
        "reduce_sum",
        "y = Σ x over the axes",
        [new("x", "float", "[...]")],
        [new("axes", AttributeType.Integers, ""), new("keepdims", AttributeType.Bool, "false")],
        ["y"],
        call => [call.Tape.ReduceSum(call.Input("x"), call.Integers("axes"), call.Bool("keepdims"))]);

    internal static readonly OperatorInfo ReduceMeanInfo = new(
        "reduce_mean",
        "y = Σ x over the axes / number of summands",
        [new("x", "float", "[...]")],
        [new("axes", AttributeType.Integers, ""), new("keepdims", AttributeType.Bool, "false")],
        ["y"],
        call => [call.Tape.ReduceMean(call.Input("x"), call.Integers("axes"), call.Bool("keepdims"))]);

    /// <summary>y = Σ x over the axes, in a fixed order, partial sums in double.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape</param>
    /// <param name="axes">from -rank to rank - 1, each once; empty: all</param>
    /// <param name="keepDims">reduced axes stay with size 1</param>
    /// <returns>the shape of <paramref name="x"/> without the reduced axes</returns>
    /// <exception cref="ShapeException">an axis is outside or named twice</exception>
    public static Variable ReduceSum(this Tape tape, Variable x, ReadOnlySpan<long> axes = default, bool keepDims = false) =>
        Reduce(tape, "reduce_sum", x, axes, keepDims, mean: false);

    /// <summary>y = Σ x over the axes / number of summands; NaN where there are none, as in PyTorch.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape</param>
    /// <param name="axes">from -rank to rank - 1, each once; empty: all</param>
    /// <param name="keepDims">reduced axes stay with size 1</param>
    /// <returns>the shape of <paramref name="x"/> without the reduced axes</returns>
    /// <exception cref="ShapeException">an axis is outside or named twice</exception>
    public static Variable ReduceMean(this Tape tape, Variable x, ReadOnlySpan<long> axes = default, bool keepDims = false) =>
        Reduce(tape, "reduce_mean", x, axes, keepDims, mean: true);

    /// <summary>y = scale · Σ x over the axes whose bits are set.</summary>
    internal static void SumInto(Tape tape, Tensor x, uint reduced, double scale, Tensor y)
    {
        var plan = ReducePlan.Of(x.Shape, reduced);
        if (tape.Device is CudaDevice gpu)
        {
            long needed = ReduceCuda.Parts(plan, x.DType);
            var partial = needed > 0 ? tape.Empty([needed], x.DType.Accumulator()) : null;
            ReduceCuda.Sum(gpu, plan, x, scale, y, partial);
            tape.Release(partial);
            return;
        }

        long count = ReduceCpu.Parts(plan);
        var parts = count > 0 ? tape.Empty([count], DType.F64) : null;
        ReduceCpu.Sum(tape.Cpu, plan, x, scale, y, parts);
        tape.Release(parts);
    }

    private static Variable Reduce(Tape tape, string op, Variable x, ReadOnlySpan<long> axes, bool keepDims, bool mean)
    {
        using var range = tape.Range(op);
        Check.Floating(op, "x", x);
        int rank = x.Shape.Rank;
        uint reduced = axes.Length == 0 ? (1u << rank) - 1 : 0;
        foreach (long axis in axes)
        {
            uint bit = 1u << Check.Axis(op, "axes", axis, rank);
            reduced = (reduced & bit) == 0
                ? reduced | bit
                : throw new ShapeException($"{op}: axes must name each axis once, found {axis} twice");
        }

        Span<long> sizes = stackalloc long[Shape.MaxRank];
        int kept = 0;
        long summands = 1;
        for (int axis = 0; axis < rank; axis++)
        {
            bool sums = (reduced >> axis & 1) != 0;
            summands *= sums ? x.Shape[axis] : 1;
            if (!sums || keepDims)
            {
                sizes[kept++] = sums ? 1 : x.Shape[axis];
            }
        }

        double scale = mean ? 1.0 / summands : 1;
        var y = tape.Empty(new Shape(sizes[..kept]), x.DType);
        SumInto(tape, x.Value, reduced, scale, y);
        return tape.Record(op, y, [x], [], ReduceBackward, [scale], [reduced]);
    }

    private static void ReduceBackward(Tape tape, Node node)
    {
        // dx = scale · dy, repeated along the reduced axes: a product with one number, dy seen with its reduced axes of size 1.
        var x = node.Input(0)!;
        var shape = x.Shape;
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            shape = (node.Integer(0) >> axis & 1) != 0 ? shape.With(axis, 1) : shape;
        }

        var dy = tape.View(node.OutputGrad()!, shape);
        var dx = tape.BeginGrad(x);
        if (tape.Device is CudaDevice gpu)
        {
            BroadcastCuda.Scale(gpu, dy, node.Number(0), dx);
        }
        else
        {
            var scale = tape.Scalar(node.Number(0), x.DType);
            BroadcastCpu.Multiply(tape.Cpu, dy, scale, dx);
            tape.Release(scale);
        }

        tape.Release(dy);
        tape.EndGrad(x, dx);
    }
}
