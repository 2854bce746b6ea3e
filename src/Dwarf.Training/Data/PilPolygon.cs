namespace Dwarf.Training.Data;

/// <summary>
/// Fills polygons as PIL's ImageDraw.polygon(outline=1, fill=1) does, pixel for pixel, because CheXlocalize's truth is defined by it:
/// corners are cut to whole numbers, outlines belong to the shape, and inside is what an odd number of edges encloses on the pixel's row.
/// Where a sharp peak leans to one side PIL's versions differ by a pixel or two; this is the plain rule, without their corrections.
/// </summary>
public static class PilPolygon
{
    /// <summary>Sets the pixels of one polygon; what was set before stays.</summary>
    /// <param name="mask">[height, width]</param>
    /// <param name="width">of the mask</param>
    /// <param name="height">of the mask</param>
    /// <param name="x">corners, in pixels</param>
    /// <param name="y">as many</param>
    public static void Fill(Span<byte> mask, int width, int height, ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mask.Length, (long)width * height, nameof(mask));
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, x.Length, nameof(y));
        var edges = new List<Edge>(x.Length);
        int top = height - 1;
        int bottom = 0;
        for (int i = 0; i < x.Length; i++)
        {
            int next = (i + 1) % x.Length;
            var edge = new Edge((int)x[i], (int)y[i], (int)x[next], (int)y[next]);
            top = Math.Min(top, edge.Top);
            bottom = Math.Max(bottom, edge.Bottom);
            if (edge.Top == edge.Bottom)
            {
                SetRun(mask, width, height, edge.Top, Math.Min(edge.X0, edge.X1), Math.Max(edge.X0, edge.X1));
            }
            else
            {
                edges.Add(edge);
            }
        }

        var crossings = new List<float>();
        bottom = Math.Min(bottom, height);
        for (int row = Math.Max(top, 0); row <= bottom; row++)
        {
            crossings.Clear();
            foreach (var edge in edges)
            {
                if (row < edge.Top || row > edge.Bottom)
                {
                    continue;
                }

                crossings.Add(edge.At(row));

                // An edge that ends on this row counts twice: its end and the start of the one that goes on make a pair each, so that
                // corners belong to the shape without turning inside into outside.
                if (row == edge.Bottom && row < bottom)
                {
                    crossings.Add(crossings[^1]);
                }
            }

            crossings.Sort();
            for (int i = 1; i < crossings.Count; i += 2)
            {
                SetRun(mask, width, height, row, HalfAwayFromZero(crossings[i - 1]), HalfTowardsZero(crossings[i]));
            }
        }
    }

    private static int HalfAwayFromZero(float value) => (int)(value >= 0 ? MathF.Floor(value + 0.5f) : -MathF.Floor(-value + 0.5f));

    private static int HalfTowardsZero(float value) => (int)(value >= 0 ? MathF.Ceiling(value - 0.5f) : -MathF.Ceiling(-value - 0.5f));

    private static void SetRun(Span<byte> mask, int width, int height, int row, int first, int last)
    {
        first = Math.Max(first, 0);
        last = Math.Min(last, width - 1);
        if (row >= 0 && row < height && first <= last)
        {
            mask.Slice((row * width) + first, last - first + 1).Fill(1);
        }
    }

    private readonly record struct Edge(int X0, int Y0, int X1, int Y1)
    {
        public int Top => Math.Min(Y0, Y1);

        public int Bottom => Math.Max(Y0, Y1);

        /// <summary>In single precision like the original: the rounding of halves depends on it.</summary>
        public float At(int row) => ((row - Y0) * ((float)(X1 - X0) / (Y1 - Y0))) + X0;
    }
}
