using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Reordering of axes on a CUDA device.</summary>
public static class PermuteCuda
{
    private const int ShortAxis = 8;      // below this, tiles of 32 x 32 would be mostly empty

    private static readonly KernelKey s_gather = new("permute", "permute_gather", "UNIT", "INDEX64");
    private static readonly KernelKey s_tiles = new("permute", "permute_tiles", "UNIT", "INDEX64");

    /// <summary>y[i0, i1, …] = x with axis dims[k] indexed by ik.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="x">any</param>
    /// <param name="dims">a permutation of x's axes</param>
    /// <param name="y">x's sizes, permuted</param>
    public static void Forward(CudaDevice gpu, Tensor x, ReadOnlySpan<int> dims, Tensor y)
    {
        if (y.Count == 0)
        {
            return;
        }

        // The axes of y, innermost first, and how far each moves in x; neighbours that stay neighbours are one.
        Span<long> sizes = stackalloc long[Shape.MaxRank], strides = stackalloc long[Shape.MaxRank];
        sizes.Fill(1);
        strides.Clear();
        int axes = 0;
        for (int i = dims.Length - 1; i >= 0; i--)
        {
            long size = y.Shape[i], stride = x.Shape.Fold(dims[i] + 1, dims.Length);
            if (size == 1)
            {
                continue;
            }

            if (axes > 0 && stride == sizes[axes - 1] * strides[axes - 1])
            {
                sizes[axes - 1] *= size;
                continue;
            }

            (sizes[axes], strides[axes]) = (size, stride);
            axes++;
        }

        strides[0] = axes == 0 ? 1 : strides[0];
        int last = strides[..Math.Max(1, axes)].IndexOf(1);      // which of them is x's innermost axis
        if (last > 0 && sizes[0] >= ShortAxis && sizes[last] >= ShortAxis)
        {
            InTiles(gpu, x, y, sizes, strides, axes, last);
        }
        else
        {
            Gather(gpu, x, y, sizes, strides, Math.Max(1, axes));
        }
    }

    private static void Gather(CudaDevice gpu, Tensor x, Tensor y, Span<long> sizes, Span<long> strides, int axes)
    {
        int element = x.DType.Size(), unit = element;
        if (strides[0] == 1)
        {
            long all = sizes[0] * element;
            foreach (long stride in strides[1..])
            {
                all |= stride * element;
            }

            unit = CopyUnits.Widest(all, x, y);
            sizes[0] = sizes[0] * element / unit;
            for (int i = 1; i < axes; i++)
            {
                strides[i] = strides[i] * element / unit;
            }
        }

        gpu.Launch(s_gather, x.DType, CopyUnits.Grid(y.Bytes), Tiles.Threads, 0, [
            x, y, y.Bytes, axes, sizes[0], strides[0], sizes[1], strides[1], sizes[2], strides[2], sizes[3], strides[3],
            sizes[4], strides[4], sizes[5], strides[5], sizes[6], strides[6], sizes[7], strides[7],
        ], unit, Tiles.Index64(y.Count));
    }

    private static void InTiles(CudaDevice gpu, Tensor x, Tensor y, Span<long> sizes, Span<long> strides, int axes, int last)
    {
        Span<long> outer = stackalloc long[6], from = stackalloc long[6], to = stackalloc long[6];
        outer.Fill(1);
        from.Clear();
        to.Clear();
        long distance = sizes[0], acrossStride = 0, planes = 1;
        int n = 0;
        for (int i = 1; i < axes; distance *= sizes[i++])
        {
            if (i == last)
            {
                acrossStride = distance;
                continue;
            }

            (outer[n], from[n], to[n]) = (sizes[i], strides[i], distance);
            planes *= sizes[i];
            n++;
        }

        long tiles = planes * ((sizes[last] + 31) / 32) * ((sizes[0] + 31) / 32);
        gpu.Launch(s_tiles, x.DType, Dim3.Over(tiles, 1), new Dim3(32, 8), 0, [
            x, y, planes, sizes[last], acrossStride, sizes[0], strides[0], n,
            outer[0], from[0], to[0], outer[1], from[1], to[1], outer[2], from[2], to[2],
            outer[3], from[3], to[3], outer[4], from[4], to[4], outer[5], from[5], to[5],
        ], x.DType.Size(), Tiles.Index64(y.Count));
    }
}
