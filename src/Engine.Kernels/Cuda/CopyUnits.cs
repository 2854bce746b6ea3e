using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>How data is moved that no kernel looks at: in the widest units that fit; twin of kernels/copies.cuh.</summary>
internal static unsafe class CopyUnits
{
    private const int BytesPerBlock = 16384;

    /// <summary>The widest unit of which all these are multiples.</summary>
    /// <param name="sizes">sizes and distances in bytes, combined by a bitwise or; multiples of 2</param>
    /// <param name="a">a tensor whose address counts too</param>
    /// <param name="b">another</param>
    /// <returns>16, 8, 4 or 2 bytes: value of the kernels' macro UNIT</returns>
    public static int Widest(long sizes, Tensor a, Tensor b)
    {
        long all = sizes | (long)a.Pointer | (long)b.Pointer | 16;
        return (int)(all & -all);
    }

    /// <summary>Blocks that move so many bytes.</summary>
    /// <param name="bytes">in all</param>
    /// <returns>one for every 16 KB</returns>
    public static Dim3 Grid(long bytes) => Dim3.Over(bytes, BytesPerBlock);

    /// <summary>Copies between a part of an axis of a large tensor and the whole of a small one.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="kernel">which direction; with the macros UNIT and INDEX64</param>
    /// <param name="from">the large tensor or the small one</param>
    /// <param name="to">the other</param>
    /// <param name="axis">the axis</param>
    /// <param name="start">where the part begins in the large tensor</param>
    /// <param name="intoLarge">whether <paramref name="to"/> is the large one</param>
    /// <param name="over">which of them the kernel walks through</param>
    public static void MovePart(CudaDevice gpu, KernelKey kernel, Tensor from, Tensor to, int axis, long start, bool intoLarge, Tensor over)
    {
        var (large, small) = intoLarge ? (to, from) : (from, to);
        long inner = large.Shape.Fold(axis + 1, large.Shape.Rank) * large.DType.Size();
        long block = small.Shape[axis] * inner, largeBlock = large.Shape[axis] * inner, before = start * inner;
        int unit = Widest(block | largeBlock | before, from, to);
        gpu.Launch(
            kernel,
            to.DType,
            Grid(over.Bytes),
            Tiles.Threads,
            0,
            [from, to, over.Bytes, block / unit, largeBlock / unit, before / unit],
            unit,
            Tiles.Index64(large.Bytes / unit));
    }
}
