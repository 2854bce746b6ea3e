using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>A part of one axis on a CUDA device: block copies.</summary>
public static class SliceCuda
{
    private static readonly KernelKey s_forward = new("slice", "slice_forward", "UNIT", "INDEX64");
    private static readonly KernelKey s_backward = new("slice", "slice_backward", "UNIT", "INDEX64");

    /// <summary>y = x[…, start : start + y's size, …].</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">any</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">first index taken</param>
    /// <param name="y">x's sizes but for the axis</param>
    public static void Forward(CudaDevice gpu, Tensor x, int axis, long start, Tensor y) =>
        CopyUnits.MovePart(gpu, s_forward, x, y, axis, start, intoLarge: false, over: y);

    /// <summary>dx = dy where it was taken from, 0 elsewhere.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="dy">the part's gradient</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">first index taken</param>
    /// <param name="dx">sizes of x</param>
    public static void Backward(CudaDevice gpu, Tensor dy, int axis, long start, Tensor dx) =>
        CopyUnits.MovePart(gpu, s_backward, dy, dx, axis, start, intoLarge: true, over: dx);
}
