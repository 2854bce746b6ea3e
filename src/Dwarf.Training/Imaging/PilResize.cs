namespace Dwarf.Training.Imaging;

/// <summary>The interpolation of <see cref="PilResize"/>.</summary>
public enum ResizeFilter
{
    /// <summary>Triangle, support 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5, support 2.</summary>
    Bicubic,
}

/// <summary>
/// Resizes 8-bit pictures to the very bytes that PIL's Image.resize gives, on which published models were trained: the filter widens when
/// shrinking, weights are rounded to 22 fractional bits, and the picture is rounded to 8 bits between the horizontal and the vertical pass.
/// </summary>
public static class PilResize
{
    private const int FractionBits = 22;

    /// <summary>Resizes one channel.</summary>
    /// <param name="source">[height, width]</param>
    /// <param name="width">of the source</param>
    /// <param name="height">of the source</param>
    /// <param name="newWidth">at least 1</param>
    /// <param name="newHeight">at least 1</param>
    /// <param name="filter">the interpolation</param>
    /// <returns>[newHeight, newWidth]</returns>
    public static byte[] Resize(ReadOnlySpan<byte> source, int width, int height, int newWidth, int newHeight, ResizeFilter filter)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, (long)width * height, nameof(source));
        ArgumentOutOfRangeException.ThrowIfLessThan(newWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(newHeight, 1);
        byte[] across = newWidth == width ? source.ToArray() : new byte[newWidth * height];
        if (newWidth != width)
        {
            var taps = Taps.For(width, newWidth, filter);
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < newWidth; x++)
                {
                    across[(y * newWidth) + x] = taps.Apply(source, y * width, stride: 1, x);
                }
            }
        }

        if (newHeight == height)
        {
            return across;
        }

        var result = new byte[newWidth * newHeight];
        var down = Taps.For(height, newHeight, filter);
        for (int y = 0; y < newHeight; y++)
        {
            for (int x = 0; x < newWidth; x++)
            {
                result[(y * newWidth) + x] = down.Apply(across, x, stride: newWidth, y);
            }
        }

        return result;
    }

    private static double Weight(ResizeFilter filter, double distance)
    {
        double t = Math.Abs(distance);
        if (filter == ResizeFilter.Bilinear)
        {
            return t < 1 ? 1 - t : 0;
        }

        const double A = -0.5;
        return t < 1 ? ((((A + 2) * t) - (A + 3)) * t * t) + 1
            : t < 2 ? ((((t - 5) * t) + 8) * t * A) - (4 * A)
            : 0;
    }

    /// <summary>For each output position the first source position and the fixed-point weights from there on.</summary>
    private sealed record Taps(int[] First, int[][] Weights)
    {
        public static Taps For(int size, int newSize, ResizeFilter filter)
        {
            double scale = (double)size / newSize;
            double stretch = Math.Max(scale, 1);
            double support = (filter == ResizeFilter.Bilinear ? 1 : 2) * stretch;
            var first = new int[newSize];
            var weights = new int[newSize][];
            for (int i = 0; i < newSize; i++)
            {
                double centre = (i + 0.5) * scale;
                int from = Math.Max(0, (int)(centre - support + 0.5));
                int to = Math.Min(size, (int)(centre + support + 0.5));
                var exact = new double[to - from];
                double sum = 0;
                for (int t = 0; t < exact.Length; t++)
                {
                    exact[t] = Weight(filter, (t + from - centre + 0.5) / stretch);
                    sum += exact[t];
                }

                first[i] = from;
                weights[i] = Array.ConvertAll(exact, w => (int)Math.Round(w / sum * (1 << FractionBits), MidpointRounding.AwayFromZero));
            }

            return new Taps(first, weights);
        }

        public byte Apply(ReadOnlySpan<byte> source, int offset, int stride, int position)
        {
            int sum = 1 << (FractionBits - 1);
            int index = offset + (First[position] * stride);
            foreach (int weight in Weights[position])
            {
                sum += source[index] * weight;
                index += stride;
            }

            return (byte)Math.Clamp(sum >> FractionBits, 0, 255);
        }
    }
}
