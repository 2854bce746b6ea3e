using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Adds one gradient to another on a CUDA device.</summary>
public static class AccumulateCuda
{
    private static readonly KernelKey s_addInto = new("accumulate", "accumulate_add_into");

    /// <summary>destination += source, element by element.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="destination">f32, f64 or bf16</param>
    /// <param name="source">same dtype and number of elements</param>
    public static void AddInto(CudaDevice gpu, Tensor destination, Tensor source) =>
        gpu.Launch(s_addInto, source.DType, Tiles.Grid(source), Tiles.Threads, 0, [destination, source, source.Count]);
}
