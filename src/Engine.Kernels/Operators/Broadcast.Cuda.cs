using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Sum and product of two tensors with broadcasting on a CUDA device.</summary>
public static class BroadcastCuda
{
    private static readonly KernelKey s_forward = new("broadcast", "broadcast_forward", "PRODUCT", "INDEX64");

    /// <summary>y = a + b.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="a">broadcasts to y</param>
    /// <param name="b">broadcasts to y</param>
    /// <param name="y">receives the sum</param>
    public static void Add(CudaDevice gpu, Tensor a, Tensor b, Tensor y) => Run(gpu, product: false, a, b, 1, y);

    /// <summary>y = a · b.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="a">broadcasts to y</param>
    /// <param name="b">broadcasts to y</param>
    /// <param name="y">receives the product</param>
    public static void Multiply(CudaDevice gpu, Tensor a, Tensor b, Tensor y) => Run(gpu, product: true, a, b, 1, y);

    /// <summary>y = a · factor.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="a">broadcasts to y</param>
    /// <param name="factor">a number</param>
    /// <param name="y">receives the product</param>
    public static void Scale(CudaDevice gpu, Tensor a, double factor, Tensor y) => Run(gpu, product: true, a, null, factor, y);

    private static void Run(CudaDevice gpu, bool product, Tensor a, Tensor? b, double factor, Tensor y)
    {
        var p = BroadcastPlan.Of(y.Shape, a.Shape, b is null ? [] : b.Shape);
        gpu.Launch(
            s_forward,
            y.DType,
            Tiles.Grid(y),
            Tiles.Threads,
            0,
            [
                a, b, Arg.Accum(factor), y, y.Count, p.Rank,
                p.Size(0), p.StrideA(0), p.StrideB(0), p.Size(1), p.StrideA(1), p.StrideB(1), p.Size(2), p.StrideA(2), p.StrideB(2),
                p.Size(3), p.StrideA(3), p.StrideB(3), p.Size(4), p.StrideA(4), p.StrideB(4), p.Size(5), p.StrideA(5), p.StrideB(5),
                p.Size(6), p.StrideA(6), p.StrideB(6), p.Size(7), p.StrideA(7), p.StrideB(7),
            ],
            product ? 1 : 0,
            Tiles.Index64(y.Count));
    }
}
