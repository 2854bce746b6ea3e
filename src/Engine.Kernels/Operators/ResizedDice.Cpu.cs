using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Bilinear resize and FP-weighted Dice of the resized logits on cpu: the loops of both, one after the other.</summary>
public static class ResizedDiceCpu
{
    /// <summary>losses = 1 − score of σ(resized logits), map by map.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="logits">[n, h, w]</param>
    /// <param name="target">[n, height · width]</param>
    /// <param name="room">for the resize: see <see cref="ResizeRoom"/></param>
    /// <param name="resized">[n, height, width]: receives the resized logits, which backward reads</param>
    /// <param name="flat">the same memory as [n, height · width]</param>
    /// <param name="falsePositiveWeight">w</param>
    /// <param name="smooth">alpha + epsilon of the paper</param>
    /// <param name="losses">[n]</param>
    /// <param name="factors">f64 [n, 2] as <see cref="FpWeightedDiceCpu"/> leaves them</param>
    public static void Forward(
        CpuDevice cpu, Tensor logits, Tensor target, in ResizeRoom room, Tensor resized, Tensor flat, double falsePositiveWeight, double smooth,
        Tensor losses, Tensor factors)
    {
        BilinearResizeCpu.Forward(cpu, logits, resized, room.Columns, room.Weights, room.Rows);
        FpWeightedDiceCpu.Forward(cpu, flat, logits: true, target, falsePositiveWeight, smooth, losses, factors);
    }

    /// <summary>The gradient of the logits on the small grid.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="flat">[n, height · width]: the resized logits of forward</param>
    /// <param name="target">[n, height · width]</param>
    /// <param name="factors">f64 [n, 2] of forward</param>
    /// <param name="dy">gradient of the loss: [n], or one number</param>
    /// <param name="dyPerRow">dy is [n]</param>
    /// <param name="scale">what the reduction divides by, inverted</param>
    /// <param name="room">for the resize</param>
    /// <param name="dresized">[n, height, width]: room for the gradient of the resized logits</param>
    /// <param name="dflat">the same memory as [n, height · width]</param>
    /// <param name="dlogits">[n, h, w]</param>
    public static void Backward(
        CpuDevice cpu, Tensor flat, Tensor target, Tensor factors, Tensor dy, bool dyPerRow, double scale, in ResizeRoom room, Tensor dresized,
        Tensor dflat, Tensor dlogits)
    {
        FpWeightedDiceCpu.Backward(cpu, flat, logits: true, target, factors, dy, dyPerRow, scale, dflat);
        BilinearResizeCpu.Backward(cpu, dresized, dlogits, room.Columns, room.Weights, room.Rows);
    }
}

/// <summary>What <see cref="BilinearResizeCpu"/> works in.</summary>
/// <param name="Columns">i64 [width]</param>
/// <param name="Weights">[width]</param>
/// <param name="Rows">[n, w] forward, [n, width] backward</param>
public readonly record struct ResizeRoom(Tensor Columns, Tensor Weights, Tensor Rows);
