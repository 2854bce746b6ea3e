using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Logit of a clipped probability on a CUDA device.</summary>
public static class LogitCuda
{
    private static readonly KernelKey s_forward = new("logit", "logit_forward");
    private static readonly KernelKey s_backward = new("logit", "logit_backward");

    /// <summary>y = log(c / (1 − c)) with c = x clipped to [eps, 1 − eps].</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">any shape</param>
    /// <param name="eps">0 to 1/2</param>
    /// <param name="y">as x</param>
    public static void Forward(CudaDevice gpu, Tensor x, double eps, Tensor y)
    {
        var (low, high) = Bounds(x.DType, eps);
        var edge = Arg.Accum(Math.Log(eps / (1 - eps)));
        gpu.Launch(s_forward, x.DType, Tiles.Grid(x), Tiles.Threads, 0, [x, Arg.Accum(low), Arg.Accum(high), edge, y, x.Count]);
    }

    /// <summary>dx = dy / (x·(1 − x)) inside the clip range, bounds included as in PyTorch; 0 outside.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">any shape</param>
    /// <param name="eps">0 to 1/2</param>
    /// <param name="dy">as x</param>
    /// <param name="dx">as x</param>
    public static void Backward(CudaDevice gpu, Tensor x, double eps, Tensor dy, Tensor dx)
    {
        var (low, high) = Bounds(x.DType, eps);
        gpu.Launch(s_backward, x.DType, Tiles.Grid(x), Tiles.Threads, 0, [x, Arg.Accum(low), Arg.Accum(high), dy, dx, x.Count]);
    }

    /// <summary>The ends of the clip range, rounded inwards: a float is inside them exactly if it is inside the range.</summary>
    private static (double Low, double High) Bounds(DType dtype, double eps)
    {
        if (dtype == DType.F64)
        {
            return (eps, 1 - eps);
        }

        float low = (float)eps, high = (float)(1 - eps);
        return (low < eps ? MathF.BitIncrement(low) : low, high > 1 - eps ? MathF.BitDecrement(high) : high);
    }
}
