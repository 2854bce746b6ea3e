using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>The norm of all gradients of a store on a CUDA device, and the factor that clips them; neither is read by the host.</summary>
public static class GradientNormCuda
{
    private static readonly KernelKey s_parts = new("gradient_norm", "gradient_norm_parts");
    private static readonly KernelKey s_finish = new("gradient_norm", "gradient_norm_finish");

    /// <summary>Measures.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="grad">[n]: the arena of the gradients</param>
    /// <param name="tiles">i64 [tiles, 3]: parameter, first element, number of elements</param>
    /// <param name="active">i64 [parameters]: 1 where the parameter has a gradient, else 0</param>
    /// <param name="most">the largest norm that is not clipped</param>
    /// <param name="parts">f64 [tiles]: room</param>
    /// <param name="norm">f64 [2]: receives the norm, and most / (norm + 1e-6) where that is below 1, else 1</param>
    public static void Measure(CudaDevice gpu, Tensor grad, Tensor tiles, Tensor active, double most, Tensor parts, Tensor norm)
    {
        gpu.Launch(s_parts, grad.DType, tiles.Shape[0], 256, 0, [grad, tiles, active, parts, grad.Count]);
        gpu.Launch(s_finish, grad.DType, 1, 256, 0, [parts, Arg.Double(most), norm, tiles.Shape[0]]);
    }
}
