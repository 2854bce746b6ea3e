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

    private static readonly KernelKey s_widen = new("accumulate", "accumulate_widen");
    private static readonly KernelKey s_narrow = new("matmul", "matmul_narrow");

    /// <summary>destination = source, or destination += source, in the destination's wider type.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="destination">f32 for a source of bf16</param>
    /// <param name="source">same number of elements</param>
    /// <param name="adds">whether what the destination has counts</param>
    public static void Widen(CudaDevice gpu, Tensor destination, Tensor source, bool adds) =>
        gpu.Launch(
            s_widen, source.DType, Dim3.Over(source.Count, 1024), 256, 0, [destination, source, adds ? 1L : 0L, source.Count]);

    /// <summary>destination = source, rounded to nearest even.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="source">f32 for a destination of bf16</param>
    /// <param name="destination">same number of elements</param>
    public static void Narrow(CudaDevice gpu, Tensor source, Tensor destination) =>
        gpu.Launch(s_narrow, destination.DType, Dim3.Over(source.Count, 1024), 256, 0, [source, destination, source.Count]);

    /// <summary>destination += source, element by element.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="destination">f32, f64 or bf16</param>
    /// <param name="source">same dtype and number of elements</param>
    public static void AddInto(CudaDevice gpu, Tensor destination, Tensor source) =>
        gpu.Launch(s_addInto, source.DType, Tiles.Grid(source), Tiles.Threads, 0, [destination, source, source.Count]);
}
