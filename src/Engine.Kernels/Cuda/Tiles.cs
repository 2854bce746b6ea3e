using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>How flat work is cut into blocks; twin of kernels/tiles.cuh.</summary>
internal static class Tiles
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 256;

    private const int BytesPerBlock = Threads * 2 * 16;

    /// <summary>Blocks over a flat tensor.</summary>
    /// <param name="x">its dtype and number of elements count</param>
    /// <returns>one for every 8 KB</returns>
    public static Dim3 Grid(Tensor x) => Dim3.Over(x.Bytes, BytesPerBlock);

    /// <summary>Value of the kernels' macro INDEX64: whether offsets need 64 bits.</summary>
    /// <param name="count">the most elements that the kernel counts</param>
    /// <returns>0 or 1</returns>
    public static int Index64(long count) => count > int.MaxValue ? 1 : 0;
}
