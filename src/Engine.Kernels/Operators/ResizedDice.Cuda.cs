using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Bilinear resize, sigmoid and FP-weighted Dice in one on a CUDA device: no large map is ever written.</summary>
public static class ResizedDiceCuda
{
    private const int MostShared = 48 * 1024;
    private static readonly KernelKey s_forward = new("resized_dice", "resized_dice_forward");
    private static readonly KernelKey s_backward = new("resized_dice", "resized_dice_backward");
    private static readonly KernelKey s_gather = new("resized_dice", "resized_dice_gather");

    /// <summary>Whether a block has room for a strip of this size.</summary>
    /// <param name="dtype">of the logits</param>
    /// <param name="w">columns of the grid</param>
    /// <param name="width">columns of the target</param>
    /// <returns>false: resize first, then Dice</returns>
    public static bool Fits(DType dtype, long w, long width) => 2 * (w + width) * dtype.Accumulator().Size() <= MostShared;

    /// <summary>The maps' sums of true positives, false positives and false negatives, in parts; <see cref="FpWeightedDiceCuda.Finish"/> follows.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="logits">[n, h, w]</param>
    /// <param name="target">[n, height, width]</param>
    /// <param name="parts">[3, h, n] of the accumulator's dtype</param>
    public static void Forward(CudaDevice gpu, Tensor logits, Tensor target, Tensor parts)
    {
        var (n, h, w) = (logits.Shape[0], (int)logits.Shape[1], (int)logits.Shape[2]);
        var (height, width) = ((int)target.Shape[1], (int)target.Shape[2]);
        gpu.Launch(
            s_forward, logits.DType, n * h, Block(width), 2 * w * logits.DType.Accumulator().Size(), [logits, target, parts, n, h, w, height, width]);
    }

    /// <summary>The gradient of the logits.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="logits">[n, h, w]</param>
    /// <param name="target">[n, height, width]</param>
    /// <param name="factors">[2, n] of <see cref="FpWeightedDiceCuda.Finish"/></param>
    /// <param name="dy">gradient of the loss: [n], or one number</param>
    /// <param name="dyPerRow">dy is [n]</param>
    /// <param name="scale">what the reduction divides by, inverted</param>
    /// <param name="parts">[2, n, h, w] of the accumulator's dtype: room</param>
    /// <param name="dlogits">[n, h, w]</param>
    public static void Backward(
        CudaDevice gpu, Tensor logits, Tensor target, Tensor factors, Tensor dy, bool dyPerRow, double scale, Tensor parts, Tensor dlogits)
    {
        var (n, h, w) = (logits.Shape[0], (int)logits.Shape[1], (int)logits.Shape[2]);
        var (height, width) = ((int)target.Shape[1], (int)target.Shape[2]);
        gpu.Launch(
            s_backward, logits.DType, n * h, Block(width), 2 * (w + width) * logits.DType.Accumulator().Size(),
            [logits, target, factors, dy, dyPerRow, Arg.Accum(scale), parts, n, h, w, height, width]);
        gpu.Launch(s_gather, logits.DType, Dim3.Over(logits.Count, 256), 256, 0, [parts, dlogits, n, h, w]);
    }

    private static int Block(int width) => Math.Min(256, (width + 31) / 32 * 32);
}
