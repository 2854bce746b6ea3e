using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo BceWithLogitsInfo = new(
        "bce_with_logits",
        "loss = max(x, 0) - x · y + log(1 + exp(-|x|)), x the logits, y the target",
        [new("logits", "float", "[...]"), new("target", "float", "[...]") { Differentiable = false }],
        [Loss.ReductionAttribute],
        ["loss"],
        call => [call.Tape.BceWithLogits(call.Input("logits"), call.Input("target"), Loss.ReductionOf(call))]);

    /// <summary>Binary cross-entropy of σ(logits) against a target, without computing σ.</summary>
    /// <param name="tape">records it</param>
    /// <param name="logits">any shape</param>
    /// <param name="target">as <paramref name="logits"/>, from 0 to 1; has no gradient</param>
    /// <param name="reduction">mean (NaN over nothing, as in PyTorch), sum, or none: as <paramref name="logits"/></param>
    /// <returns>the loss</returns>
    /// <exception cref="ShapeException">the shapes differ</exception>
    public static Variable BceWithLogits(this Tape tape, Variable logits, Variable target, Reduction reduction = Reduction.Mean)
    {
        using var range = tape.Range("bce_with_logits");
        const string op = "bce_with_logits";
        Check.Floating(op, "logits", logits);
        Check.SameDType(op, "target", target, "logits", logits);
        Check.NoGradient(op, "target", target);
        Check.Shape(op, "target", target, logits.Shape, "the shape of logits");
        double weight = 1.0 / logits.Shape.Count, scale = Loss.Scale(reduction, weight);
        Tensor loss;
        if (tape.Device is CudaDevice gpu)
        {
            bool each = reduction == Reduction.None;
            var parts = each ? null : tape.Empty([BceWithLogitsCuda.Parts(logits.Value)], logits.DType.Accumulator());
            loss = tape.Empty(each ? logits.Shape : [], logits.DType);
            BceWithLogitsCuda.Forward(gpu, logits.Value, target.Value, each ? loss : null, parts, scale, each ? null : loss);
            tape.Release(parts);
        }
        else
        {
            var losses = tape.Empty(logits.Shape, logits.DType);
            BceWithLogitsCpu.Forward(tape.Cpu, logits.Value, target.Value, losses);
            loss = Loss.Reduce(tape, losses, reduction, weight).Loss;
        }

        return tape.Record(
            op, loss, [logits], [logits.Value, target.Value], BceWithLogitsBackward, [scale], [reduction == Reduction.None ? 1 : 0]);
    }

    private static void BceWithLogitsBackward(Tape tape, Node node)
    {
        var dlogits = tape.BeginGrad(node.Input(0)!);
        var (logits, target, dy, each) = (node.Saved(0), node.Saved(1), node.OutputGrad()!, node.Integer(0) == 1);
        if (tape.Device is CudaDevice gpu)
        {
            BceWithLogitsCuda.Backward(gpu, logits, target, dy, each, node.Number(0), dlogits);
        }
        else
        {
            BceWithLogitsCpu.Backward(tape.Cpu, logits, target, dy, each, node.Number(0), dlogits);
        }

        tape.EndGrad(node.Input(0)!, dlogits);
    }
}
