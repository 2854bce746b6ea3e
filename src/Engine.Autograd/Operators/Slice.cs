using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo SliceInfo = new(
        "slice",
        "y = x[start:end] along axis dim",
        [new("x", "float", "[...]")],
        [
            new("dim", AttributeType.Integer, "") { Required = true },
            new("start", AttributeType.Integer, "0"),
            new("end", AttributeType.Integer, ""),
        ],
        ["y"],
        call => [call.Tape.Slice(call.Input("x"), call.Integer("dim"), call.Integer("start"), call.Has("end") ? call.Integer("end") : long.MaxValue)]);

    /// <summary>A part of one axis, as Python's x[start:end]: negative indices count from the end, and what lies outside is cut off.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">at least one axis</param>
    /// <param name="dim">the axis; negative ones count from the end</param>
    /// <param name="start">first index taken</param>
    /// <param name="end">one past the last</param>
    /// <returns>a copy of that part</returns>
    /// <exception cref="ShapeException">dim is not an axis of x</exception>
    public static Variable Slice(this Tape tape, Variable x, long dim, long start, long end)
    {
        using var range = tape.Range("slice");
        Check.Floating("slice", "x", x);
        Check.LastAxis("slice", "x", x);
        int axis = Check.Axis("slice", "dim", dim, x.Shape.Rank);
        long size = x.Shape[axis];
        start = Math.Clamp(start < 0 ? start + size : start, 0, size);
        end = Math.Clamp(end < 0 ? end + size : end, start, size);
        var y = tape.Empty(x.Shape.With(axis, end - start), x.DType);
        if (tape.Device is CudaDevice gpu)
        {
            SliceCuda.Forward(gpu, x.Value, axis, start, y);
        }
        else
        {
            SliceCpu.Forward(tape.Cpu, x.Value, axis, start, y);
        }

        return tape.Record("slice", y, [x], [], SliceBackward, integers: [axis, start]);
    }

    private static void SliceBackward(Tape tape, Node node)
    {
        var x = node.Input(0)!;
        var dx = tape.BeginGrad(x);
        if (tape.Device is CudaDevice gpu)
        {
            SliceCuda.Backward(gpu, node.OutputGrad()!, (int)node.Integer(0), node.Integer(1), dx);
        }
        else
        {
            SliceCpu.Backward(tape.Cpu, node.OutputGrad()!, (int)node.Integer(0), node.Integer(1), dx);
        }

        tape.EndGrad(x, dx);
    }
}
