using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>FP-weighted Dice on a CUDA device: one pass for the sums, one for the gradient, the sigmoid inside both.</summary>
public static class FpWeightedDiceCuda
{
    private const long BytesPerPart = 16384;
    private static readonly KernelKey s_forward = new("fp_weighted_dice", "fp_weighted_dice_forward");
    private static readonly KernelKey s_finish = new("fp_weighted_dice", "fp_weighted_dice_finish");
    private static readonly KernelKey s_backward = new("fp_weighted_dice", "fp_weighted_dice_backward");

    /// <summary>The rows' sums of true positives, false positives and false negatives, in parts.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="prediction">[n, p]: probabilities or logits</param>
    /// <param name="logits">whether they are logits</param>
    /// <param name="target">[n, p]</param>
    /// <param name="parts">[3, <see cref="Parts"/>, n] of the accumulator's dtype</param>
    public static void Forward(CudaDevice gpu, Tensor prediction, bool logits, Tensor target, Tensor parts)
    {
        var (n, p) = (prediction.Shape[0], prediction.Shape[1]);
        gpu.Launch(s_forward, prediction.DType, n * Parts(p, prediction.DType), 256, 0, [prediction, logits, target, parts, n, p]);
    }

    /// <summary>Losses from the sums, and the factors of the gradient.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="parts">[3, count, n]</param>
    /// <param name="falsePositiveWeight">w</param>
    /// <param name="smooth">alpha + epsilon of the paper</param>
    /// <param name="scale">what the sum of the losses is multiplied by</param>
    /// <param name="perRow">losses is [n]; else one element, the scaled sum</param>
    /// <param name="losses">1 − score</param>
    /// <param name="factors">[2, n] of the accumulator's dtype: receives dloss/dp at y = 0 and at y = 1</param>
    public static void Finish(
        CudaDevice gpu, Tensor parts, double falsePositiveWeight, double smooth, double scale, bool perRow, Tensor losses, Tensor factors) =>
        gpu.Launch(
            s_finish, losses.DType, 1, 256, 0,
            [
                parts, Arg.Accum(falsePositiveWeight), Arg.Accum(smooth), Arg.Accum(scale), perRow ? losses : null, perRow ? null : losses,
                factors, parts.Shape[2], parts.Shape[1],
            ]);

    /// <summary>The gradient of the probabilities or logits.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="prediction">[n, p]</param>
    /// <param name="logits">whether they are logits</param>
    /// <param name="target">[n, p]</param>
    /// <param name="factors">[2, n] of <see cref="Finish"/></param>
    /// <param name="dy">gradient of the loss: [n], or one number</param>
    /// <param name="dyPerRow">dy is [n]</param>
    /// <param name="scale">what the reduction divides by, inverted</param>
    /// <param name="dprediction">[n, p]</param>
    public static void Backward(
        CudaDevice gpu, Tensor prediction, bool logits, Tensor target, Tensor factors, Tensor dy, bool dyPerRow, double scale,
        Tensor dprediction)
    {
        var (n, p) = (prediction.Shape[0], prediction.Shape[1]);
        gpu.Launch(
            s_backward, prediction.DType, n * Parts(p, prediction.DType), 256, 0,
            [prediction, logits, target, factors, dy, dyPerRow, Arg.Accum(scale), dprediction, n, p]);
    }

    /// <summary>How many parts a row's sums have.</summary>
    /// <param name="size">places of a row</param>
    /// <param name="dtype">of the prediction</param>
    /// <returns>one for each 16 KB</returns>
    public static long Parts(long size, DType dtype) => ((size * dtype.Size()) + BytesPerPart - 1) / BytesPerPart;
}
