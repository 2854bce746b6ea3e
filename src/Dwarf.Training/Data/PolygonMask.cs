namespace Dwarf.Training.Data;

/// <summary>
/// Fills outlines for training: a pixel belongs to the shape if its centre lies inside, counted by the even-odd rule. Unlike an outline
/// that is drawn (<see cref="PilPolygon"/>), this keeps areas right at any scale, so that 1024x1024 outlines can be filled at 64x64.
/// </summary>
public static class PolygonMask
{
    /// <summary>
    /// Sets the pixels of one outline to 1; what was set before stays. An outline so small that it holds no pixel's centre sets the pixel
    /// under the middle of its extent: no finding vanishes by scaling.
    /// </summary>
    /// <param name="mask">[height, width]</param>
    /// <param name="width">of the mask</param>
    /// <param name="height">of the mask</param>
    /// <param name="outline">corners in the annotations' frame; whether the last repeats the first does not matter</param>
    /// <param name="frame">side of the annotations' frame, which the mask spans</param>
    public static void Fill(Span<byte> mask, int width, int height, Outline outline, double frame)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mask.Length, (long)width * height, nameof(mask));
        double scaleX = width / frame;
        double scaleY = height / frame;
        int count = outline.X.Length;
        var crossings = new List<double>();
        bool any = false;
        for (int row = 0; row < height; row++)
        {
            double centre = row + 0.5;
            crossings.Clear();
            for (int i = 0; i < count; i++)
            {
                int next = (i + 1) % count;
                double y0 = outline.Y[i] * scaleY;
                double y1 = outline.Y[next] * scaleY;

                // Half open, so that a corner on the line counts once.
                if ((y0 <= centre) != (y1 <= centre))
                {
                    double part = (centre - y0) / (y1 - y0);
                    crossings.Add((outline.X[i] + (part * (outline.X[next] - outline.X[i]))) * scaleX);
                }
            }

            crossings.Sort();
            for (int i = 0; i + 1 < crossings.Count; i += 2)
            {
                int first = Math.Max(0, (int)Math.Ceiling(crossings[i] - 0.5));
                int end = Math.Min(width, (int)Math.Ceiling(crossings[i + 1] - 0.5));
                if (first < end)
                {
                    mask.Slice((row * width) + first, end - first).Fill(1);
                    any = true;
                }
            }
        }

        if (!any)
        {
            int x = Math.Clamp((int)((outline.X.Min() + outline.X.Max()) / 2 * scaleX), 0, width - 1);
            int y = Math.Clamp((int)((outline.Y.Min() + outline.Y.Max()) / 2 * scaleY), 0, height - 1);
            mask[(y * width) + x] = 1;
        }
    }
}
