using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo NormalizeInfo = new(
        "normalize",
        "y = x / max(‖x‖, eps) over the last axis",
        [new("x", "float", "[...,d]")],
        [new("eps", AttributeType.Number, "1e-12")],
        ["y"],
        call => [call.Tape.Normalize(call.Input("x"), call.Number("eps"))]);

    /// <summary>Rows of Euclidean length 1: y = x / max(‖x‖, eps).</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[..., d]</param>
    /// <param name="eps">keeps a zero row from being divided by zero; 1e-12 is PyTorch's default</param>
    /// <returns>[..., d]</returns>
    public static Variable Normalize(this Tape tape, Variable x, double eps = 1e-12)
    {
        using var range = tape.Range("normalize");
        Check.Floating("normalize", "x", x);
        Check.LastAxis("normalize", "x", x);
        Check.Range("normalize", "eps", eps >= 0, "at least 0", eps);
        var (y, length) = (tape.Empty(x.Shape, x.DType), tape.Empty([x.Shape.Fold(0, x.Shape.Rank - 1)], x.DType.Accumulator()));
        if (tape.Device is CudaDevice gpu)
        {
            NormalizeCuda.Forward(gpu, x.Value, eps, y, length);
        }
        else
        {
            NormalizeCpu.Forward(x.Value, eps, y, length);
        }

        var result = tape.Record("normalize", y, [x], [y, length], NormalizeBackward, [eps]);
        tape.Release(length);
        return result;
    }

    private static void NormalizeBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        if (tape.Device is CudaDevice gpu)
        {
            NormalizeCuda.Backward(gpu, node.Saved(0), node.Saved(1), node.Number(0), node.OutputGrad()!, dx);
        }
        else
        {
            NormalizeCpu.Backward(node.Saved(0), node.Saved(1), node.Number(0), node.OutputGrad()!, dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
