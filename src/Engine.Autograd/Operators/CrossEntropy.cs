using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo CrossEntropyInfo = new(
        "cross_entropy",
        "loss = log Σ exp(logits) - logits[target], row by row",
        [new("logits", "float", "[n,c]"), new("target", "i64", "[n]")],
        [new("ignore_index", AttributeType.Integer, "-1"), Loss.ReductionAttribute],
        ["loss"],
        call => [call.Tape.CrossEntropy(call.Input("logits"), call.Input("target"), call.Integer("ignore_index"), Loss.ReductionOf(call))]);

    /// <summary>Cross-entropy of softmax(logits) against class indices.</summary>
    /// <param name="tape">records it</param>
    /// <param name="logits">[n, c]</param>
    /// <param name="target">i64 [n]: from 0 to c − 1, or <paramref name="ignoreIndex"/></param>
    /// <param name="ignoreIndex">rows with this target do not count, in the mean's divisor neither</param>
    /// <param name="reduction">mean (0 with zero gradient over nothing), sum, or none: [n]</param>
    /// <returns>the loss</returns>
    /// <exception cref="ShapeException">logits is not [n, c] or target not [n]</exception>
    /// <exception cref="DwarfException">a target is no class</exception>
    public static Variable CrossEntropy(
        this Tape tape, Variable logits, Variable target, long ignoreIndex = -1, Reduction reduction = Reduction.Mean)
    {
        using var range = tape.Range("cross_entropy");
        const string op = "cross_entropy";
        Check.Floating(op, "logits", logits);
        Check.Rank(op, "logits", logits, 2, "[n,c]");
        Check.HasDType(op, "target", target, DType.I64);
        Check.Shape(op, "target", target, [logits.Shape[0]], "the rows of logits");
        if (tape.Device is CudaDevice gpu)
        {
            return CrossEntropyOn(gpu, tape, logits, target, ignoreIndex, reduction);
        }

        long counted = CountTargets(target.Value, logits.Shape[1], ignoreIndex);
        var losses = tape.Empty(target.Shape, logits.DType);
        CrossEntropyCpu.Forward(tape.Cpu, logits.Value, target.Value, ignoreIndex, losses);
        var (loss, scale) = Loss.Reduce(tape, losses, reduction, counted == 0 ? 0 : 1.0 / counted);
        return tape.Record(
            op, loss, [logits], [logits.Value, target.Value], CrossEntropyBackward,
            [scale], [ignoreIndex, reduction == Reduction.None ? 1 : 0]);
    }

    /// <summary>Targets that the host gave are checked there; rows are counted on the device, so that a captured step counts its own.</summary>
    private static Variable CrossEntropyOn(
        CudaDevice gpu, Tape tape, Variable logits, Variable target, long ignoreIndex, Reduction reduction)
    {
        if (target.HostValue is { } given)
        {
            CountTargets(given, logits.Shape[1], ignoreIndex);
        }

        bool each = reduction == Reduction.None;
        var losses = tape.Empty(target.Shape, each ? logits.DType : logits.DType.Accumulator());
        CrossEntropyCuda.Forward(gpu, logits.Value, target.Value, ignoreIndex, losses, reduces: !each);
        var (loss, scale) = (losses, (Tensor?)null);
        if (!each)
        {
            loss = tape.Empty([], logits.DType);
            scale = tape.Empty([], logits.DType.Accumulator());
            CrossEntropyCuda.Reduce(gpu, losses, target.Value, ignoreIndex, reduction == Reduction.Mean, loss, scale);
            tape.Release(losses);
        }

        var result = tape.Record(
            "cross_entropy", loss, [logits], [logits.Value, target.Value, scale], CrossEntropyBackward, [0], [ignoreIndex, each ? 1 : 0]);
        tape.Release(scale);
        return result;
    }

    private static long CountTargets(Tensor target, long classes, long ignoreIndex)
    {
        long counted = 0;
        var values = target.Span<long>();
        for (int row = 0; row < values.Length; row++)
        {
            if (values[row] == ignoreIndex)
            {
                continue;
            }

            if (values[row] < 0 || values[row] >= classes)
            {
                throw new DwarfException(
                    ErrorKind.Content,
                    $"cross_entropy: target[{row}] must be from 0 to {classes - 1} or {ignoreIndex}, found {values[row]}");
            }

            counted++;
        }

        return counted;
    }

    private static void CrossEntropyBackward(Tape tape, Node node)
    {
        var dlogits = tape.BeginGrad(node.Input(0)!);
        var (logits, target, dy, each) = (node.Saved(0), node.Saved(1), node.OutputGrad()!, node.Integer(1) == 1);
        if (tape.Device is CudaDevice gpu)
        {
            CrossEntropyCuda.Backward(gpu, logits, target, node.Integer(0), dy, each, node.SavedOrNull(2), dlogits);
        }
        else
        {
            CrossEntropyCpu.Backward(tape.Cpu, logits, target, node.Integer(0), dy, each, node.Number(0), dlogits);
        }

        tape.EndGrad(node.Input(0)!, dlogits);
    }
}
