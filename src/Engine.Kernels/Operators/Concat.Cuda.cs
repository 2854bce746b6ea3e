using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Joining along one axis on a CUDA device: block copies, one input after another.</summary>
public static class ConcatCuda
{
    private static readonly KernelKey s_forward = new("concat", "concat_forward", "UNIT", "INDEX64");
    private static readonly KernelKey s_backward = new("concat", "concat_backward", "UNIT", "INDEX64");

    /// <summary>Writes one input to its place.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">y's sizes but for the axis</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">its first index in y</param>
    /// <param name="y">the joined tensor</param>
    public static void Forward(CudaDevice gpu, Tensor x, int axis, long start, Tensor y) =>
        CopyUnits.MovePart(gpu, s_forward, x, y, axis, start, intoLarge: true, over: x);

    /// <summary>Reads one input's gradient from its place.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="dy">gradient of the joined tensor</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">the input's first index</param>
    /// <param name="dx">sizes of the input</param>
    public static void Backward(CudaDevice gpu, Tensor dy, int axis, long start, Tensor dx) =>
        CopyUnits.MovePart(gpu, s_backward, dy, dx, axis, start, intoLarge: false, over: dx);
}
