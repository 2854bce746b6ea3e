using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo SoftmaxInfo = new(
        "softmax",
        "y = exp(z - max z) / Σ exp(z - max z) over the last axis, z = x + mask",
        [new("x", "float", "[...,d]"), new("mask", "float", "broadcasts to x") { Optional = true, Differentiable = false }],
        [],
        ["y"],
        call => [call.Tape.Softmax(call.Input("x"), call.Optional("mask"))]);

    /// <summary>Softmax over the last axis; a row that is −inf throughout gives zeros and zero gradient.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[..., d]</param>
    /// <param name="mask">added first, broadcasts to <paramref name="x"/>: 0 keeps, −inf removes; has no gradient; null: none</param>
    /// <returns>as <paramref name="x"/></returns>
    /// <exception cref="ShapeException">mask does not broadcast to x</exception>
    public static Variable Softmax(this Tape tape, Variable x, Variable? mask = null)
    {
        using var range = tape.Range("softmax");
        Check.Floating("softmax", "x", x);
        Check.LastAxis("softmax", "x", x);
        if (mask is not null)
        {
            Check.SameDType("softmax", "mask", mask, "x", x);
            Check.NoGradient("softmax", "mask", mask);
            if (!BroadcastPlan.Fits(mask.Shape, x.Shape))
            {
                throw new ShapeException($"softmax: mask must broadcast to x {x.Shape}, found {mask.Shape}");
            }
        }

        var y = tape.Empty(x.Shape, x.DType);
        if (tape.Device is CudaDevice gpu)
        {
            SoftmaxCuda.Forward(gpu, x.Value, mask?.Value, y);
        }
        else
        {
            SoftmaxCpu.Forward(tape.Cpu, x.Value, mask?.Value, y);
        }

        return tape.Record("softmax", y, [x], [y], SoftmaxBackward);
    }

    private static void SoftmaxBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        if (tape.Device is CudaDevice gpu)
        {
            SoftmaxCuda.Backward(gpu, node.Saved(0), node.OutputGrad()!, dx);
        }
        else
        {
            SoftmaxCpu.Backward(tape.Cpu, node.Saved(0), node.OutputGrad()!, dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
