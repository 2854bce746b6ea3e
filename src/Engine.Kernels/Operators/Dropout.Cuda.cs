using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Dropout on a CUDA device: the factors are drawn where they are used, forward and again backward; no mask is stored.</summary>
public static class DropoutCuda
{
    private static readonly KernelKey s_apply = new("dropout", "dropout_apply");

    /// <summary>y = x · factor, factor i = 0 or 1/(1 - p) from word offset + i of the seed; the gradient is the same product.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">any shape</param>
    /// <param name="p">probability of a zero, 0 to 1</param>
    /// <param name="seed">Philox key</param>
    /// <param name="offset">word of the first element</param>
    /// <param name="y">as x</param>
    public static void Apply(CudaDevice gpu, Tensor x, double p, ulong seed, ulong offset, Tensor y) =>
        gpu.Launch(s_apply, x.DType, Tiles.Grid(x), Tiles.Threads, 0, [
            x, Arg.Accum(p < 1 ? 1 / (1 - p) : 0), (int)Philox.Threshold(p), seed, offset, y, x.Count,
        ]);
}
