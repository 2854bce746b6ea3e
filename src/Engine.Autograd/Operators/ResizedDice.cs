using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo ResizedDiceInfo = new(
        "resized_dice",
        "fp_weighted_dice of the logits resized bilinearly to the target's pixels, map by map",
        [new("logits", "float", "[n,h,w]"), new("target", "float", "[n,height,width]") { Differentiable = false }],
        [
            new("w_fp", AttributeType.Number, "1"), new("alpha", AttributeType.Number, "1"), new("epsilon", AttributeType.Number, "1e-6"),
            Loss.ReductionAttribute,
        ],
        ["loss"],
        call => [call.Tape.ResizedDice(
            call.Input("logits"), call.Input("target"), call.Number("w_fp"), call.Number("alpha"), call.Number("epsilon"),
            Loss.ReductionOf(call))]);

    /// <summary>1 − FP-weighted Dice score of σ(logits) after a bilinear resize to the target's pixels, in one.</summary>
    /// <param name="tape">records it</param>
    /// <param name="logits">[n, h, w]: n maps on a small grid</param>
    /// <param name="target">[n, height, width], from 0 to 1; has no gradient</param>
    /// <param name="falsePositiveWeight">w: what a false positive weighs, at least 0; 1 is plain Dice</param>
    /// <param name="alpha">smoothing of the paper's equation 2, at least 0</param>
    /// <param name="epsilon">keeps the denominator from 0, at least 0</param>
    /// <param name="reduction">mean (0 over no map), sum, or none: [n]</param>
    /// <returns>the loss: what <see cref="BilinearResize"/> and <see cref="FpWeightedDiceWithLogits"/> give, on cpu to the bit</returns>
    /// <exception cref="ShapeException">a shape does not fit, or a map has no pixel</exception>
    /// <remarks>On a CUDA device the resized map is never written: the small grid and the target are all that is read.</remarks>
    public static Variable ResizedDice(
        this Tape tape, Variable logits, Variable target, double falsePositiveWeight = 1, double alpha = 1, double epsilon = 1e-6,
        Reduction reduction = Reduction.Mean)
    {
        using var range = tape.Range("resized_dice");
        const string op = "resized_dice";
        Check.Floating(op, "logits", logits);
        Check.Rank(op, "logits", logits, 3, "[n,h,w]");
        Check.SameDType(op, "target", target, "logits", logits);
        Check.NoGradient(op, "target", target);
        var (n, h, w) = (logits.Shape[0], logits.Shape[1], logits.Shape[2]);
        if (target.Shape.Rank != 3 || target.Shape[0] != n)
        {
            throw new ShapeException($"{op}: target must be [{n},height,width] (the maps of logits), found {target.Shape}");
        }

        var (height, width) = (target.Shape[1], target.Shape[2]);
        if (h == 0 || w == 0 || height == 0 || width == 0)
        {
            throw new ShapeException($"{op}: logits and target must have at least one pixel, found {logits.Shape} and {target.Shape}");
        }

        Check.Range(op, "w_fp", falsePositiveWeight >= 0, "at least 0", falsePositiveWeight);
        Check.Range(op, "alpha", alpha >= 0, "at least 0", alpha);
        Check.Range(op, "epsilon", epsilon >= 0, "at least 0", epsilon);
        double weight = n == 0 ? 0 : 1.0 / n, scale = Loss.Scale(reduction, weight);
        Tensor loss, factors;
        Tensor? resized = null;
        bool each = reduction == Reduction.None;
        if (tape.Device is CudaDevice gpu)
        {
            if (!ResizedDiceCuda.Fits(logits.DType, w, width))
            {
                var large = tape.BilinearResize(tape.Reshape(logits, [n, 1, h, w]), height, width);
                Shape rows = [n, height * width];
                return tape.FpWeightedDiceWithLogits(
                    tape.Reshape(large, rows), tape.Reshape(target, rows), falsePositiveWeight, alpha, epsilon, reduction);
            }

            var accumulator = logits.DType.Accumulator();
            var parts = tape.Empty([3, h, n], accumulator);
            (loss, factors) = (tape.Empty(each ? [n] : [], logits.DType), tape.Empty([2, n], accumulator));
            ResizedDiceCuda.Forward(gpu, logits.Value, target.Value, parts);
            FpWeightedDiceCuda.Finish(gpu, parts, falsePositiveWeight, alpha + epsilon, scale, each, loss, factors);
            tape.Release(parts);
        }
        else
        {
            resized = tape.Empty([n, height, width], logits.DType);
            (factors, var losses) = (tape.Empty([n, 2], DType.F64), tape.Empty([n], logits.DType));
            var (columns, weights, rows) = ResizeScratch(tape, n, w, width, logits.DType);
            var (flat, truth) = (tape.View(resized, [n, height * width]), tape.View(target.Value, [n, height * width]));
            ResizedDiceCpu.Forward(
                tape.Cpu, logits.Value, truth, new(columns, weights, rows), resized, flat, falsePositiveWeight, alpha + epsilon, losses,
                factors);
            ReleaseAll(tape, columns, weights, rows, flat, truth);
            loss = Loss.Reduce(tape, losses, reduction, weight).Loss;
        }

        var result = tape.Record(
            op, loss, [logits], [logits.Value, target.Value, factors, resized], ResizedDiceBackward, [scale], [each ? 1 : 0]);
        tape.Release(factors);
        tape.Release(resized);
        return result;
    }

    private static void ResizedDiceBackward(Tape tape, Node node)
    {
        var (logits, target, factors, dy) = (node.Saved(0), node.Saved(1), node.Saved(2), node.OutputGrad()!);
        bool each = node.Integer(0) == 1;
        var (n, h, w, height, width) = (logits.Shape[0], logits.Shape[1], logits.Shape[2], target.Shape[1], target.Shape[2]);
        var dlogits = tape.BeginGrad(node.Input(0)!);
        if (tape.Device is CudaDevice gpu)
        {
            var parts = tape.Empty([2, n, h, w], logits.DType.Accumulator());
            ResizedDiceCuda.Backward(gpu, logits, target, factors, dy, each, node.Number(0), parts, dlogits);
            tape.Release(parts);
        }
        else
        {
            var (columns, weights, rows) = ResizeScratch(tape, n, width, width, logits.DType);
            var dresized = tape.Empty([n, height, width], logits.DType);
            Shape flat = [n, height * width];
            var (resized, truth, dflat) = (tape.View(node.Saved(3), flat), tape.View(target, flat), tape.View(dresized, flat));
            ResizedDiceCpu.Backward(
                tape.Cpu, resized, truth, factors, dy, each, node.Number(0), new(columns, weights, rows), dresized, dflat, dlogits);
            ReleaseAll(tape, columns, weights, rows, resized, truth, dflat, dresized);
        }

        tape.EndGrad(node.Input(0)!, dlogits);
    }
}
