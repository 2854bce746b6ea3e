using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo PermuteInfo = new(
        "permute",
        "y = x with axis k taken from axis dims[k]",
        [new("x", "float", "[...]")],
        [new("dims", AttributeType.Integers, "") { Required = true }],
        ["y"],
        call => [call.Tape.Permute(call.Input("x"), [.. (call.Integers("dims") ?? []).Select(d => (int)Math.Clamp(d, int.MinValue, int.MaxValue))])]);

    /// <summary>Reorders axes; a copy. The fast forms of attention need none.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any</param>
    /// <param name="dims">each axis of x once, in their new order; negative ones count from the end</param>
    /// <returns>x with axis k taken from axis dims[k]</returns>
    /// <exception cref="ShapeException">dims is not a permutation of the axes</exception>
    public static Variable Permute(this Tape tape, Variable x, params ReadOnlySpan<int> dims)
    {
        using var range = tape.Range("permute");
        Check.Floating("permute", "x", x);
        int rank = x.Shape.Rank;
        if (dims.Length != rank)
        {
            throw new ShapeException($"permute: dims must name each of the {rank} axes of x {x.Shape} once, found {dims.Length} of them");
        }

        Span<int> axes = stackalloc int[rank];
        Span<long> sizes = stackalloc long[rank], integers = stackalloc long[rank];
        int seen = 0;
        for (int i = 0; i < rank; i++)
        {
            axes[i] = Check.Axis("permute", "every dim", dims[i], rank);
            if ((seen & (1 << axes[i])) != 0)
            {
                throw new ShapeException($"permute: dims must name each axis of x {x.Shape} once, found axis {axes[i]} twice");
            }

            seen |= 1 << axes[i];
            (sizes[i], integers[i]) = (x.Shape[axes[i]], axes[i]);
        }

        var y = tape.Empty(Shape.Of(sizes), x.DType);
        if (tape.Device is CudaDevice gpu)
        {
            PermuteCuda.Forward(gpu, x.Value, axes, y);
        }
        else
        {
            PermuteCpu.Forward(tape.Cpu, x.Value, axes, y);
        }

        return tape.Record("permute", y, [x], [], PermuteBackward, integers: integers);
    }

    private static void PermuteBackward(Tape tape, Node node)
    {
        var (dy, x) = (node.OutputGrad()!, node.Input(0)!);
        Span<int> inverse = stackalloc int[dy.Shape.Rank];
        for (int i = 0; i < inverse.Length; i++)
        {
            inverse[(int)node.Integer(i)] = i;
        }

        var dx = tape.BeginGrad(x);
        if (tape.Device is CudaDevice gpu)
        {
            PermuteCuda.Forward(gpu, dy, inverse, dx);
        }
        else
        {
            PermuteCpu.Forward(tape.Cpu, dy, inverse, dx);
        }

        tape.EndGrad(x, dx);
    }
}
