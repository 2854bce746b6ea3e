using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Rows divided by their Euclidean length, on a CUDA device.</summary>
public static class NormalizeCuda
{
    private static readonly KernelKey s_forward = new("normalize", "normalize_forward");
    private static readonly KernelKey s_backward = new("normalize", "normalize_backward");

    /// <summary>y = x / max(‖x‖, eps), row by row.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">[rows, d]</param>
    /// <param name="eps">keeps a zero row from being divided by zero</param>
    /// <param name="y">[rows, d], written</param>
    /// <param name="length">[rows] of the accumulator's dtype, written: max(‖x‖, eps)</param>
    public static void Forward(CudaDevice gpu, Tensor x, double eps, Tensor y, Tensor length)
    {
        long rows = length.Count, d = x.Shape[-1];
        gpu.Launch(s_forward, x.DType, Dim3.Over(rows, 4), new Dim3(32, 4), 0, [x, Arg.Accum(eps), y, length, rows, d]);
    }

    /// <summary>dx = (dy - y · ⟨y, dy⟩) / length; where the row was shorter than eps, dx = dy / eps.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="y">[rows, d]</param>
    /// <param name="length">[rows] of the accumulator's dtype</param>
    /// <param name="eps">as in forward</param>
    /// <param name="dy">[rows, d]</param>
    /// <param name="dx">[rows, d], written</param>
    public static void Backward(CudaDevice gpu, Tensor y, Tensor length, double eps, Tensor dy, Tensor dx)
    {
        long rows = length.Count, d = y.Shape[-1];
        gpu.Launch(s_backward, y.DType, Dim3.Over(rows, 4), new Dim3(32, 4), 0, [y, length, Arg.Accum(eps), dy, dx, rows, d]);
    }
}
