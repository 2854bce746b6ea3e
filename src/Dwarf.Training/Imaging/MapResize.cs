namespace Dwarf.Training.Imaging;

/// <summary>
/// Plain bilinear interpolation of maps: pixel centres at halves, edges repeated, no widening when shrinking (OpenCV's INTER_LINEAR).
/// </summary>
public static class MapResize
{
    /// <summary>Resizes one map.</summary>
    /// <param name="source">[height, width]</param>
    /// <param name="width">of the source</param>
    /// <param name="height">of the source</param>
    /// <param name="result">[newHeight, newWidth]</param>
    /// <param name="newWidth">of the result</param>
    /// <param name="newHeight">of the result</param>
    public static void Bilinear(ReadOnlySpan<float> source, int width, int height, Span<float> result, int newWidth, int newHeight)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, (long)width * height, nameof(source));
        ArgumentOutOfRangeException.ThrowIfNotEqual(result.Length, (long)newWidth * newHeight, nameof(result));
        var columns = new (int Left, int Right, float Part)[newWidth];
        for (int x = 0; x < newWidth; x++)
        {
            columns[x] = Neighbours(x, width, newWidth);
        }

        for (int y = 0; y < newHeight; y++)
        {
            var (top, bottom, part) = Neighbours(y, height, newHeight);
            ReadOnlySpan<float> upper = source.Slice(top * width, width);
            ReadOnlySpan<float> lower = source.Slice(bottom * width, width);
            for (int x = 0; x < newWidth; x++)
            {
                var (left, right, share) = columns[x];
                float above = upper[left] + (share * (upper[right] - upper[left]));
                float below = lower[left] + (share * (lower[right] - lower[left]));
                result[(y * newWidth) + x] = above + (part * (below - above));
            }
        }
    }

    private static (int First, int Second, float Part) Neighbours(int position, int size, int newSize)
    {
        double place = Math.Clamp(((position + 0.5) * size / newSize) - 0.5, 0, size - 1);
        int first = (int)place;
        return (first, Math.Min(first + 1, size - 1), (float)(place - first));
    }
}
