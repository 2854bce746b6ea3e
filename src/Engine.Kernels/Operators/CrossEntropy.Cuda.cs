using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Cross-entropy on logits against class indices on a CUDA device.</summary>
public static class CrossEntropyCuda
{
    private static readonly KernelKey s_forward = new("cross_entropy", "cross_entropy_forward");
    private static readonly KernelKey s_reduce = new("cross_entropy", "cross_entropy_reduce");
    private static readonly KernelKey s_backward = new("cross_entropy", "cross_entropy_backward");

    /// <summary>losses = log Σ exp(x) − x[target]; 0 where the row is ignored, NaN where the target is no class.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="logits">x [n, c]</param>
    /// <param name="target">i64 [n], from 0 to c − 1 or the ignored index</param>
    /// <param name="ignoreIndex">rows with this target do not count</param>
    /// <param name="losses">[n]: of the logits' dtype, or, where <see cref="Reduce"/> follows, of the accumulator's</param>
    /// <param name="reduces">whether it follows</param>
    public static void Forward(CudaDevice gpu, Tensor logits, Tensor target, long ignoreIndex, Tensor losses, bool reduces) =>
        gpu.Launch(
            s_forward, logits.DType, Dim3.Over(target.Count * Group(logits), 128), 128, 0,
            [
                logits, target, ignoreIndex, reduces ? null : losses, reduces ? losses : null, target.Count, checked((int)logits.Shape[1]),
                Group(logits),
            ]);

    /// <summary>The sum of the losses, or their mean over the rows that count.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="losses">[n] of the accumulator's dtype</param>
    /// <param name="target">i64 [n]</param>
    /// <param name="ignoreIndex">rows with this target do not count</param>
    /// <param name="mean">the mean, else the sum</param>
    /// <param name="loss">one element; a mean over nothing is 0</param>
    /// <param name="scale">one element of the accumulator's dtype: what the sum was multiplied by</param>
    public static void Reduce(CudaDevice gpu, Tensor losses, Tensor target, long ignoreIndex, bool mean, Tensor loss, Tensor scale) =>
        gpu.Launch(s_reduce, loss.DType, 1, 256, 0, [losses, target, ignoreIndex, mean, loss, scale, target.Count]);

    /// <summary>dlogits = dy · scale · (softmax(x) − one at the target); 0 where the row is ignored.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="logits">x [n, c]</param>
    /// <param name="target">i64 [n]</param>
    /// <param name="ignoreIndex">rows with this target do not count</param>
    /// <param name="dy">gradient of the loss: [n], or one number</param>
    /// <param name="dyPerRow">dy is [n]</param>
    /// <param name="scale">of <see cref="Reduce"/>; null: 1</param>
    /// <param name="dlogits">[n, c]</param>
    public static void Backward(
        CudaDevice gpu, Tensor logits, Tensor target, long ignoreIndex, Tensor dy, bool dyPerRow, Tensor? scale, Tensor dlogits) =>
        gpu.Launch(
            s_backward, logits.DType, Dim3.Over(target.Count * Group(logits), 128), 128, 0,
            [logits, target, ignoreIndex, dy, dyPerRow, scale, dlogits, target.Count, checked((int)logits.Shape[1]), Group(logits)]);

    /// <summary>Lanes that work on a row: as many as it has classes, up to a warp.</summary>
    private static int Group(Tensor logits) => (int)Math.Min(32, BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, logits.Shape[1])));
}
