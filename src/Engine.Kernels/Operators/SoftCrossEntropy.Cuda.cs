using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Cross-entropy against target distributions on a CUDA device.</summary>
public static class SoftCrossEntropyCuda
{
    private static readonly KernelKey s_forward = new("soft_cross_entropy", "soft_cross_entropy_forward");
    private static readonly KernelKey s_reduce = new("soft_cross_entropy", "soft_cross_entropy_reduce");
    private static readonly KernelKey s_backward = new("soft_cross_entropy", "soft_cross_entropy_backward");

    /// <summary>Loss and softmax.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="logits">[n,c]</param>
    /// <param name="target">[n,c], at least 0; a row of zeros does not count</param>
    /// <param name="softmax">[n,c], written</param>
    /// <param name="parts">[2,n] of the accumulator's dtype: room</param>
    /// <param name="loss">one element: mean over the rows that count, 0 where none does</param>
    /// <param name="scale">one element of the accumulator's dtype: 1 / the rows that count</param>
    public static void Forward(CudaDevice gpu, Tensor logits, Tensor target, Tensor softmax, Tensor parts, Tensor loss, Tensor scale)
    {
        long n = logits.Shape[0];
        int c = checked((int)logits.Shape[1]);
        gpu.Launch(s_forward, logits.DType, Dim3.Over(n, 4), 128, 0, [logits, target, softmax, parts, n, c]);
        gpu.Launch(s_reduce, logits.DType, 1, 256, 0, [parts, loss, scale, n]);
    }

    /// <summary>Gradient of the logits: dloss · scale · (Σtarget · softmax - target).</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="softmax">[n,c]</param>
    /// <param name="target">[n,c]</param>
    /// <param name="dloss">one element</param>
    /// <param name="scale">of forward</param>
    /// <param name="dlogits">[n,c], written</param>
    public static void Backward(CudaDevice gpu, Tensor softmax, Tensor target, Tensor dloss, Tensor scale, Tensor dlogits)
    {
        long n = softmax.Shape[0];
        gpu.Launch(
            s_backward, softmax.DType, Dim3.Over(n, 4), 128, 0, [softmax, target, dloss, scale, dlogits, n, checked((int)softmax.Shape[1])]);
    }
}
