using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Scales attention maps on a CUDA device, one row a map.</summary>
public static class ScaleMapCuda
{
    private const int Threads = 128;

    private static readonly KernelKey s_forward = new("scale_map", "scale_map_forward");
    private static readonly KernelKey s_backward = new("scale_map", "scale_map_backward");

    /// <summary>y = (x − low) · factor of the row.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="by">the scale</param>
    /// <param name="x">[n, p]</param>
    /// <param name="y">[n, p]</param>
    /// <param name="places">i64 [n, 2]: index of the first maximum and the first minimum of each row, where the scale needs them</param>
    public static void Forward(CudaDevice gpu, MapScale by, Tensor x, Tensor y, Tensor places) =>
        gpu.Launch(s_forward, x.DType, x.Shape[0], Threads, 0, [(int)by, x, y, places, x.Shape[0], x.Shape[1]]);

    /// <summary>The gradient, through maximum and minimum too: theirs go to the places that forward found.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="by">the scale</param>
    /// <param name="x">[n, p]</param>
    /// <param name="places">i64 [n, 2]</param>
    /// <param name="dy">[n, p]</param>
    /// <param name="dx">[n, p]</param>
    public static void Backward(CudaDevice gpu, MapScale by, Tensor x, Tensor places, Tensor dy, Tensor dx) =>
        gpu.Launch(s_backward, x.DType, x.Shape[0], Threads, 0, [(int)by, x, places, dy, dx, x.Shape[0], x.Shape[1]]);
}
