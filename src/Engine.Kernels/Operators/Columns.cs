using System.Numerics;

namespace Engine.Kernels.Operators;

/// <summary>An image seen through a window: columns[(c, ky, kx), place], a part of the places or of the channels at a time.</summary>
internal static unsafe class Columns
{
    private const long ElementsPerChunk = 1 << 14;

    [ThreadStatic]
    private static NativeScratch? t_scratch;

    /// <summary>Room on this thread for a part of the columns; helpers of a loop that this thread starts may write into it.</summary>
    public static T* Room<T>(long elements)
        where T : unmanaged
        => (T*)(t_scratch ??= new NativeScratch()).Reserve(elements * sizeof(T));

    /// <summary>columns[channels · cells, count]: what the window sees at places [begin, begin + count); outside the image it sees zeros.</summary>
    public static void Unfold<T>(CpuDevice cpu, T* image, long channels, long h, long w, in Window window, long begin, long count, T* columns)
        where T : unmanaged
    {
        cpu.For(
            channels * window.Cells,
            Math.Max(1, ElementsPerChunk / Math.Max(1, count)),
            ((nint)image, h, w, window, begin, count, (nint)columns),
            static (in (nint Image, long H, long W, Window Window, long Begin, long Count, nint Columns) t, long from, long to) =>
            {
                for (long row = from; row < to; row++)
                {
                    long cell = row % t.Window.Cells;
                    T* plane = (T*)t.Image + (row / t.Window.Cells * t.H * t.W);
                    UnfoldRow(plane, t.H, t.W, in t.Window, cell / t.Window.KernelX, cell % t.Window.KernelX, t.Begin, t.Count, (T*)t.Columns + (row * t.Count));
                }
            });
    }

    /// <summary>The way back for whole channels: each pixel's sum over the cells that saw it, cells in row-major order.</summary>
    public static void Fold<T>(CpuDevice cpu, T* columns, long channels, long h, long w, in Window window, T* image)
        where T : unmanaged, INumber<T>
    {
        long places = window.Height(h) * window.Width(w);
        cpu.For(
            channels,
            Math.Max(1, ElementsPerChunk / Math.Max(1, window.Cells * places)),
            ((nint)image, h, w, window, places, (nint)columns),
            static (in (nint Image, long H, long W, Window Window, long Places, nint Columns) t, long from, long to) =>
            {
                for (long channel = from; channel < to; channel++)
                {
                    T* plane = (T*)t.Image + (channel * t.H * t.W);
                    Rows.CopyOrClear(null, plane, t.H * t.W);
                    for (long cell = 0; cell < t.Window.Cells; cell++)
                    {
                        T* row = (T*)t.Columns + (((channel * t.Window.Cells) + cell) * t.Places);
                        FoldRow(row, t.H, t.W, in t.Window, cell / t.Window.KernelX, cell % t.Window.KernelX, plane);
                    }
                }
            });
    }

    private static void UnfoldRow<T>(T* plane, long h, long w, in Window window, long ky, long kx, long begin, long count, T* row)
        where T : unmanaged
    {
        long across = window.Width(w), end = begin + count;
        var (first, last) = window.Inside(kx, w, across);
        for (long place = begin; place < end;)
        {
            long line = place / across, from = place % across, to = Math.Min(across, from + end - place);
            long y = (line * window.StrideY) + ky - window.PadY;
            long left = Math.Clamp(first, from, to), right = y < 0 || y >= h ? left : Math.Clamp(last, left, to);
            T* source = plane + (y * w) + kx - window.PadX;
            Clear(row, left - from);
            if (window.StrideX == 1)
            {
                new ReadOnlySpan<T>(source + left, (int)(right - left)).CopyTo(new Span<T>(row + left - from, (int)(right - left)));
            }
            else
            {
                for (long x = left; x < right; x++)
                {
                    row[x - from] = source[x * window.StrideX];
                }
            }

            Clear(row + right - from, to - right);
            row += to - from;
            place += to - from;
        }
    }

    private static void FoldRow<T>(T* row, long h, long w, in Window window, long ky, long kx, T* plane)
        where T : unmanaged, INumber<T>
    {
        long across = window.Width(w), down = window.Height(h);
        var (first, last) = window.Inside(kx, w, across);
        for (long line = 0; line < down; line++, row += across)
        {
            long y = (line * window.StrideY) + ky - window.PadY;
            if (y < 0 || y >= h)
            {
                continue;
            }

            T* target = plane + (y * w) + kx - window.PadX;
            if (window.StrideX == 1)
            {
                Rows.Add(target + first, row + first, target + first, last - first);
                continue;
            }

            for (long x = first; x < last; x++)
            {
                target[x * window.StrideX] += row[x];
            }
        }
    }

    private static void Clear<T>(T* row, long count)
        where T : unmanaged
        => new Span<T>(row, (int)count).Clear();
}
