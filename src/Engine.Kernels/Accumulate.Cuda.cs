using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Adds one gradient to another on a CUDA device.</summary>
public static class AccumulateCuda
{
    private static readonly KernelKey s_addInto = new("accumulate", "accumulate_add_into");

    private static readonly KernelKey s_moveTowards = new("accumulate", "accumulate_move_towards");

    /// <summary>destination += rate · (source − destination), element by element: a moving average.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="destination">f32, f64 or bf16</param>
    /// <param name="source">same dtype and number of elements</param>
    /// <param name="rate">0 to 1</param>
    public static void MoveTowards(CudaDevice gpu, Tensor destination, Tensor source, double rate) =>
        gpu.Launch(
            s_moveTowards, source.DType, Tiles.Grid(source), Tiles.Threads, 0, [destination, source, Arg.Accum(rate), source.Count]);

    /// <summary>destination += source, element by element.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="destination">f32, f64 or bf16</param>
    /// <param name="source">same dtype and number of elements</param>
    public static void AddInto(CudaDevice gpu, Tensor destination, Tensor source) =>
        gpu.Launch(s_addInto, source.DType, Tiles.Grid(source), Tiles.Threads, 0, [destination, source, source.Count]);
}
