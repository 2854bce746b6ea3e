using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo SoftCrossEntropyInfo = new(
        "soft_cross_entropy",
        "loss = mean over rows with a target of -Σ target · log softmax(logits)",
        [new("logits", "float", "[n,c]"), new("target", "float", "[n,c]") { Differentiable = false }],
        [],
        ["loss"],
        call => [call.Tape.SoftCrossEntropy(call.Input("logits"), call.Input("target"))]);

    /// <summary>Cross-entropy against distributions: -Σ target · log softmax(logits), mean over the rows whose target is not all zero.</summary>
    /// <param name="tape">records it</param>
    /// <param name="logits">[n,c]</param>
    /// <param name="target">[n,c], each row a distribution or zeros (a row that does not count); no gradient</param>
    /// <returns>one element; 0 with zero gradient where no row counts</returns>
    /// <exception cref="ShapeException">not two axes, or target is not as logits</exception>
    /// <remarks>With several right answers a row it is the multi-positive form of InfoNCE (van den Oord et al. 2018, arXiv:1807.03748).</remarks>
    public static Variable SoftCrossEntropy(this Tape tape, Variable logits, Variable target)
    {
        using var range = tape.Range("soft_cross_entropy");
        Check.Floating("soft_cross_entropy", "logits", logits);
        Check.Rank("soft_cross_entropy", "logits", logits, 2, "[n,c]");
        Check.SameDType("soft_cross_entropy", "target", target, "logits", logits);
        Check.Shape("soft_cross_entropy", "target", target, logits.Shape, "the shape of logits");
        Check.NoGradient("soft_cross_entropy", "target", target);
        var (softmax, loss) = (tape.Empty(logits.Shape, logits.DType), tape.Empty([], logits.DType));
        Tensor? scale = null;
        if (tape.Device is CudaDevice gpu)
        {
            scale = tape.Empty([], logits.DType.Accumulator());
            var parts = tape.Empty([2, logits.Shape[0]], logits.DType.Accumulator());
            SoftCrossEntropyCuda.Forward(gpu, logits.Value, target.Value, softmax, parts, loss, scale);
            tape.Release(parts);
        }
        else
        {
            SoftCrossEntropyCpu.Forward(logits.Value, target.Value, softmax, loss);
        }

        var result = tape.Record("soft_cross_entropy", loss, [logits], [softmax, target.Value, scale], SoftCrossEntropyBackward);
        tape.Release(softmax);
        tape.Release(scale);
        return result;
    }

    private static void SoftCrossEntropyBackward(Tape tape, Node node)
    {
        var dlogits = tape.BeginGrad(node.Input(0)!);
        if (tape.Device is CudaDevice gpu)
        {
            SoftCrossEntropyCuda.Backward(gpu, node.Saved(0), node.Saved(1), node.OutputGrad()!, node.Saved(2), dlogits);
        }
        else
        {
            SoftCrossEntropyCpu.Backward(node.Saved(0), node.Saved(1), node.OutputGrad()!, dlogits);
        }

        tape.EndGrad(node.Input(0)!, dlogits);
    }
}
