namespace Engine.Kernels.Operators;

/// <summary>A window that slides over an image, row by row: convolution and pooling share it.</summary>
/// <param name="KernelY">rows of the window, at least 1</param>
/// <param name="KernelX">columns of the window, at least 1</param>
/// <param name="StrideY">rows from one place to the next, at least 1</param>
/// <param name="StrideX">columns from one place to the next, at least 1</param>
/// <param name="PadY">rows added above and below, at least 0</param>
/// <param name="PadX">columns added left and right, at least 0</param>
public readonly record struct Window(long KernelY, long KernelX, long StrideY, long StrideX, long PadY, long PadX)
{
    /// <summary>Number of cells in the window.</summary>
    public long Cells => KernelY * KernelX;

    /// <summary>Whether every place is one pixel and every pixel a place: the image is its own matrix of columns.</summary>
    public bool IsPixel => this is { KernelY: 1, KernelX: 1, StrideY: 1, StrideX: 1, PadY: 0, PadX: 0 };

    /// <summary>Rows of the result.</summary>
    /// <param name="height">rows of the image</param>
    /// <returns>floor((height + 2 pad - kernel) / stride) + 1; 0 or less where the window does not fit</returns>
    public long Height(long height) => Places(height, KernelY, StrideY, PadY);

    /// <summary>Columns of the result.</summary>
    /// <param name="width">columns of the image</param>
    /// <returns>floor((width + 2 pad - kernel) / stride) + 1; 0 or less where the window does not fit</returns>
    public long Width(long width) => Places(width, KernelX, StrideX, PadX);

    /// <summary>The places along x at which column <paramref name="x"/> of the window lies inside the image.</summary>
    /// <param name="x">0 to KernelX - 1</param>
    /// <param name="width">columns of the image</param>
    /// <param name="places">columns of the result</param>
    /// <returns>from the first to one past the last; empty where First is not below End</returns>
    internal (long First, long End) Inside(long x, long width, long places)
    {
        // A place p looks at column p · stride + x - pad.
        long before = PadX - x, after = width + PadX - x;
        long first = before <= 0 ? 0 : (before + StrideX - 1) / StrideX;
        long end = after <= 0 ? 0 : Math.Min(places, (after + StrideX - 1) / StrideX);
        return (Math.Min(first, end), end);
    }

    private static long Places(long size, long kernel, long stride, long pad) =>
        size + (2 * pad) < kernel ? 0 : ((size + (2 * pad) - kernel) / stride) + 1;
}
