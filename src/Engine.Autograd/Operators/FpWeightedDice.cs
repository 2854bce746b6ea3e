using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo FpWeightedDiceInfo = new(
        "fp_weighted_dice",
        "loss = 1 - (2 TP + alpha + epsilon) / (Σp + Σy + (w_fp - 1) FP + alpha + epsilon), TP = Σ p·y, FP = Σ p·(1 - y), row by row",
        [
            new("probability", "float", "[n,p]") { Optional = true },
            new("logits", "float", "[n,p]") { Optional = true },
            new("target", "float", "[n,p]") { Differentiable = false },
        ],
        [
            new("w_fp", AttributeType.Number, "1"), new("alpha", AttributeType.Number, "1"), new("epsilon", AttributeType.Number, "1e-6"),
            Loss.ReductionAttribute,
        ],
        ["loss"],
        call =>
        {
            var (probability, logits) = (call.Optional("probability"), call.Optional("logits"));
            if (probability is null == logits is null)
            {
                string found = logits is null ? "neither" : "both";
                throw new DwarfException(ErrorKind.Content, $"fp_weighted_dice: expected either probability or logits, found {found}");
            }

            return [Dice(
                call.Tape, (probability ?? logits)!, logits is not null, call.Input("target"), call.Number("w_fp"), call.Number("alpha"),
                call.Number("epsilon"), Loss.ReductionOf(call))];
        });

    /// <summary>1 − FP-weighted Dice score of probabilities.</summary>
    /// <param name="tape">records it</param>
    /// <param name="probability">[n, p]: n maps of p places, from 0 to 1</param>
    /// <param name="target">[n, p], from 0 to 1; has no gradient</param>
    /// <param name="falsePositiveWeight">w: what a false positive weighs, at least 0; 1 is plain Dice</param>
    /// <param name="alpha">smoothing of the paper's equation 2, at least 0</param>
    /// <param name="epsilon">keeps the denominator from 0, at least 0</param>
    /// <param name="reduction">mean (0 over no row), sum, or none: [n]</param>
    /// <returns>the loss</returns>
    /// <exception cref="ShapeException">a shape does not fit</exception>
    /// <remarks>DWARF's equations 2 and 3. Without smoothing the score is Tversky's with weights w/2 and 1/2.</remarks>
    public static Variable FpWeightedDice(
        this Tape tape, Variable probability, Variable target, double falsePositiveWeight = 1, double alpha = 1, double epsilon = 1e-6,
        Reduction reduction = Reduction.Mean) =>
        Dice(tape, probability, false, target, falsePositiveWeight, alpha, epsilon, reduction);

    /// <summary>1 − FP-weighted Dice score of σ(logits), the sigmoid in the same pass.</summary>
    /// <param name="tape">records it</param>
    /// <param name="logits">[n, p]</param>
    /// <param name="target">[n, p], from 0 to 1; has no gradient</param>
    /// <param name="falsePositiveWeight">w: what a false positive weighs, at least 0; 1 is plain Dice</param>
    /// <param name="alpha">smoothing of the paper's equation 2, at least 0</param>
    /// <param name="epsilon">keeps the denominator from 0, at least 0</param>
    /// <param name="reduction">mean (0 over no row), sum, or none: [n]</param>
    /// <returns>the loss</returns>
    /// <exception cref="ShapeException">a shape does not fit</exception>
    public static Variable FpWeightedDiceWithLogits(
        this Tape tape, Variable logits, Variable target, double falsePositiveWeight = 1, double alpha = 1, double epsilon = 1e-6,
        Reduction reduction = Reduction.Mean) =>
        Dice(tape, logits, true, target, falsePositiveWeight, alpha, epsilon, reduction);

    private static Variable Dice(
        Tape tape, Variable prediction, bool logits, Variable target, double falsePositiveWeight, double alpha, double epsilon,
        Reduction reduction)
    {
        const string op = "fp_weighted_dice";
        using var range = tape.Range(op);
        string name = logits ? "logits" : "probability";
        Check.Floating(op, name, prediction);
        Check.Rank(op, name, prediction, 2, "[n,p]");
        Check.SameDType(op, "target", target, name, prediction);
        Check.NoGradient(op, "target", target);
        Check.Shape(op, "target", target, prediction.Shape, logits ? "the shape of logits" : "the shape of probability");
        Check.Range(op, "w_fp", falsePositiveWeight >= 0, "at least 0", falsePositiveWeight);
        Check.Range(op, "alpha", alpha >= 0, "at least 0", alpha);
        Check.Range(op, "epsilon", epsilon >= 0, "at least 0", epsilon);
        long rows = prediction.Shape[0];
        double weight = rows == 0 ? 0 : 1.0 / rows, scale = Loss.Scale(reduction, weight);
        Tensor loss, factors;
        if (tape.Device is CudaDevice gpu)
        {
            bool each = reduction == Reduction.None;
            var accumulator = prediction.DType.Accumulator();
            var parts = tape.Empty([3, FpWeightedDiceCuda.Parts(prediction.Shape[1], prediction.DType), rows], accumulator);
            (loss, factors) = (tape.Empty(each ? [rows] : [], prediction.DType), tape.Empty([2, rows], accumulator));
            FpWeightedDiceCuda.Forward(gpu, prediction.Value, logits, target.Value, parts);
            FpWeightedDiceCuda.Finish(gpu, parts, falsePositiveWeight, alpha + epsilon, scale, each, loss, factors);
            tape.Release(parts);
        }
        else
        {
            var losses = tape.Empty([rows], prediction.DType);
            factors = tape.Empty([rows, 2], DType.F64);
            FpWeightedDiceCpu.Forward(tape.Cpu, prediction.Value, logits, target.Value, falsePositiveWeight, alpha + epsilon, losses, factors);
            loss = Loss.Reduce(tape, losses, reduction, weight).Loss;
        }

        var result = tape.Record(
            op, loss, [prediction], [prediction.Value, target.Value, factors], DiceBackward,
            [scale], [logits ? 1 : 0, reduction == Reduction.None ? 1 : 0]);
        tape.Release(factors);
        return result;
    }

    private static void DiceBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        var (prediction, target, factors, dy) = (node.Saved(0), node.Saved(1), node.Saved(2), node.OutputGrad()!);
        var (logits, each) = (node.Integer(0) == 1, node.Integer(1) == 1);
        if (tape.Device is CudaDevice gpu)
        {
            FpWeightedDiceCuda.Backward(gpu, prediction, logits, target, factors, dy, each, node.Number(0), dx);
        }
        else
        {
            FpWeightedDiceCpu.Backward(tape.Cpu, prediction, logits, target, factors, dy, each, node.Number(0), dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
