using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Max pooling on cpu, planes shared among threads.</summary>
public static unsafe class MaxPool2dCpu
{
    private const long CellsPerChunk = 1 << 15;

    /// <summary>y = the largest pixel that the window sees; NaN if it sees one.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="window">every place sees at least one pixel</param>
    /// <param name="y">[b, c, height, width]</param>
    /// <param name="indices">i64 as y: receives the pixel's number in its plane, the first of equals; null = not wanted</param>
    public static void Forward(CpuDevice cpu, Tensor x, in Window window, Tensor y, Tensor? indices)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, x, in window, y, indices);
        }
        else
        {
            Forward<float>(cpu, x, in window, y, indices);
        }
    }

    /// <summary>dx: the chosen pixels get what arrived at y, places in order.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="dy">[b, c, height, width]</param>
    /// <param name="indices">i64 as dy, from forward</param>
    /// <param name="dx">[b, c, h, w]</param>
    public static void Backward(CpuDevice cpu, Tensor dy, Tensor indices, Tensor dx)
    {
        if (dy.DType == DType.F64)
        {
            Backward<double>(cpu, dy, indices, dx);
        }
        else
        {
            Backward<float>(cpu, dy, indices, dx);
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor x, in Window window, Tensor y, Tensor? indices)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long places = y.Shape[2] * y.Shape[3];
        cpu.For(
            x.Shape[0] * x.Shape[1],
            Math.Max(1, CellsPerChunk / Math.Max(1, places * window.Cells)),
            (x, window, y, indices, places),
            static (in t, begin, end) =>
            {
                long h = t.x.Shape[2], w = t.x.Shape[3], down = t.y.Shape[2], across = t.y.Shape[3];
                for (long plane = begin; plane < end; plane++)
                {
                    T* x = t.x.Data<T>() + (plane * h * w), y = t.y.Data<T>() + (plane * t.places);
                    long* index = t.indices is null ? null : t.indices.Data<long>() + (plane * t.places);
                    for (long row = 0; row < down; row++)
                    {
                        long top = (row * t.window.StrideY) - t.window.PadY;
                        long firstY = Math.Max(0, top), endY = Math.Min(h, top + t.window.KernelY);
                        for (long column = 0; column < across; column++)
                        {
                            long left = (column * t.window.StrideX) - t.window.PadX;
                            long at = Largest(x, w, firstY, endY, Math.Max(0, left), Math.Min(w, left + t.window.KernelX));
                            *y++ = x[at];
                            if (index is not null)
                            {
                                *index++ = at;
                            }
                        }
                    }
                }
            });
    }

    /// <summary>The number of the first largest pixel of a rectangle; of NaNs the last, as in PyTorch.</summary>
    private static long Largest<T>(T* x, long w, long firstY, long endY, long firstX, long endX)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long at = (firstY * w) + firstX;
        T best = x[at];
        for (long y = firstY; y < endY; y++)
        {
            for (long i = (y * w) + firstX; i < (y * w) + endX; i++)
            {
                T value = x[i];
                if (value > best || T.IsNaN(value))
                {
                    (best, at) = (value, i);
                }
            }
        }

        return at;
    }

    private static void Backward<T>(CpuDevice cpu, Tensor dy, Tensor indices, Tensor dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long places = dy.Shape[2] * dy.Shape[3], pixels = dx.Shape[2] * dx.Shape[3];
        cpu.For(
            dx.Shape[0] * dx.Shape[1],
            Math.Max(1, CellsPerChunk / Math.Max(1, pixels)),
            (dy, indices, dx, places, pixels),
            static (in t, begin, end) =>
            {
                for (long plane = begin; plane < end; plane++)
                {
                    T* dy = t.dy.Data<T>() + (plane * t.places), dx = t.dx.Data<T>() + (plane * t.pixels);
                    long* index = t.indices.Data<long>() + (plane * t.places);
                    Rows.CopyOrClear(null, dx, t.pixels);
                    for (long i = 0; i < t.places; i++)
                    {
                        dx[index[i]] += dy[i];
                    }
                }
            });
    }
}
