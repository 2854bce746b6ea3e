using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Binary cross-entropy on logits on a CUDA device.</summary>
public static class BceWithLogitsCuda
{
    private static readonly KernelKey s_forward = new("bce_with_logits", "bce_with_logits_forward");
    private static readonly KernelKey s_backward = new("bce_with_logits", "bce_with_logits_backward");
    private static readonly KernelKey s_sum = new("loss", "loss_sum");

    /// <summary>max(x, 0) − x·y + log(1 + exp(−|x|)), element by element or summed.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="logits">x, any shape</param>
    /// <param name="target">y, as logits, usually 0 to 1</param>
    /// <param name="losses">as logits; null: only the sum is wanted</param>
    /// <param name="parts">[<see cref="Parts"/>] of the accumulator's dtype; null: no sum is wanted</param>
    /// <param name="scale">what the sum is multiplied by</param>
    /// <param name="loss">receives it: one element; null: no sum is wanted</param>
    public static void Forward(CudaDevice gpu, Tensor logits, Tensor target, Tensor? losses, Tensor? parts, double scale, Tensor? loss)
    {
        long blocks = Parts(logits);
        gpu.Launch(s_forward, logits.DType, blocks, 256, 0, [logits, target, losses, parts, logits.Count]);
        gpu.Launch(s_sum, logits.DType, loss is null ? 0 : 1, 256, 0, [parts, Arg.Accum(scale), loss, blocks]);
    }

    /// <summary>dlogits = dy · scale · (σ(x) − y).</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="logits">x</param>
    /// <param name="target">y</param>
    /// <param name="dy">gradient of the loss: as logits, or one number</param>
    /// <param name="dyPerElement">dy is as logits</param>
    /// <param name="scale">what the reduction divides by, inverted</param>
    /// <param name="dlogits">as logits</param>
    public static void Backward(CudaDevice gpu, Tensor logits, Tensor target, Tensor dy, bool dyPerElement, double scale, Tensor dlogits) =>
        gpu.Launch(
            s_backward, logits.DType, Parts(logits), 256, 0,
            [logits, target, dy, dyPerElement, Arg.Accum(scale), dlogits, logits.Count]);

    /// <summary>How many partial sums forward makes.</summary>
    /// <param name="logits">the logits</param>
    /// <returns>one for each 4 KB</returns>
    public static long Parts(Tensor logits) => (logits.Bytes + 4095) / 4096;
}
