using System.Globalization;
using Dwarf.Training.Imaging;
using Engine.Tensors;

namespace Dwarf.Training.Report;

/// <summary>Values on a grid, 0 to 1.</summary>
/// <param name="Width">columns</param>
/// <param name="Height">rows</param>
/// <param name="Values">[height, width]</param>
public sealed record ValueGrid(int Width, int Height, float[] Values)
{
    /// <summary>A binary mask as values 0 and 1.</summary>
    public static ValueGrid Of(int width, int height, ReadOnlySpan<bool> mask)
    {
        var values = new float[mask.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = mask[i] ? 1 : 0;
        }

        return new(width, height, values);
    }
}

/// <summary>An RGB picture.</summary>
/// <param name="Width">pixels</param>
/// <param name="Height">pixels</param>
/// <param name="Rgb">[height, width, 3]</param>
public sealed record Picture(int Width, int Height, byte[] Rgb)
{
    /// <summary>The picture as a PNG file.</summary>
    public byte[] ToPng() => PngWriter.Encode(Width, Height, 3, Rgb);
}

/// <summary>
/// Draws an X-ray with its truth's outline beside the same X-ray under each map. All maps of a picture share one scale, 0 to 1; left and
/// right are never swapped, the aspect ratio is kept, and no text is drawn (captions belong into the page).
/// </summary>
public static class OverlayPainter
{
    private const int Gap = 6;
    private const byte GapGrey = 70;

    /// <summary>Draws the panels side by side: X-ray, then one for each map.</summary>
    /// <param name="xray">the picture as the model saw it, before normalisation</param>
    /// <param name="truth">mask, on any grid of the same aspect; null: unknown or none</param>
    /// <param name="maps">on any grid; values outside 0 to 1 take the colours of the ends; NaN is an error</param>
    /// <param name="panelSize">pixels of a panel's longer side</param>
    public static Picture Paint(GrayImage xray, ValueGrid? truth, IReadOnlyList<ValueGrid> maps, int panelSize = 320)
    {
        var scale = panelSize / (double)Math.Max(xray.Width, xray.Height);
        var width = Math.Max(1, (int)Math.Round(xray.Width * scale));
        var height = Math.Max(1, (int)Math.Round(xray.Height * scale));
        var grey = xray.Resize(width, height, ResizeFilter.Bilinear).ToBytes();
        var outline = truth is null ? null : Outline(truth, width, height, lineWidth: Math.Max(1.2, panelSize / 180.0));

        Picture picture = Blank((width * (maps.Count + 1)) + (Gap * maps.Count), height);
        PaintPanel(picture, 0, grey, null, outline, width, height);
        for (var m = 0; m < maps.Count; m++)
        {
            PaintPanel(picture, (m + 1) * (width + Gap), grey, Resized(maps[m], width, height), outline, width, height);
        }

        return picture;
    }

    private static void PaintPanel(Picture picture, int left, byte[] grey, float[]? map, float[]? outline, int width, int height)
    {
        for (var i = 0; i < grey.Length; i++)
        {
            double r = grey[i], g = grey[i], b = grey[i];
            if (map is not null)
            {
                var colour = HeatColours.Of(map[i]);
                Blend(ref r, ref g, ref b, (colour.R, colour.G, colour.B), HeatColours.Opacity(map[i]));
            }

            if (outline is not null)
            {
                // A dark seam first, so that the line is seen on bone and on the bright end of the map alike.
                Blend(ref r, ref g, ref b, (0, 0, 0), 0.55 * Math.Clamp(outline[i] + 1, 0, 1));
                Blend(ref r, ref g, ref b, (64, 224, 255), Math.Clamp(outline[i], 0, 1));
            }

            var at = (((i / width) * picture.Width) + left + (i % width)) * 3;
            (picture.Rgb[at], picture.Rgb[at + 1], picture.Rgb[at + 2]) = (Byte(r), Byte(g), Byte(b));
        }
    }

    /// <summary>
    /// For each pixel, how far inside the line it lies, in pixels: 1 and more on the line, 0 to 1 on its soft rim. The line runs where the
    /// interpolated mask crosses one half; the distance to it is (value − ½) over the slope.
    /// </summary>
    private static float[] Outline(ValueGrid truth, int width, int height, double lineWidth)
    {
        var mask = Resized(truth, width, height);
        var outline = new float[mask.Length];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var right = mask[(y * width) + Math.Min(x + 1, width - 1)] - mask[(y * width) + Math.Max(x - 1, 0)];
                var down = mask[(Math.Min(y + 1, height - 1) * width) + x] - mask[(Math.Max(y - 1, 0) * width) + x];
                var slope = Math.Sqrt((right * right) + (down * down)) / 2;
                var distance = slope < 1e-6 ? double.PositiveInfinity : Math.Abs(mask[(y * width) + x] - 0.5) / slope;
                outline[(y * width) + x] = (float)Math.Max((lineWidth / 2) + 0.5 - distance, -2);
            }
        }

        return outline;
    }

    private static float[] Resized(ValueGrid grid, int width, int height)
    {
        for (var i = 0; i < grid.Values.Length; i++)
        {
            if (!float.IsFinite(grid.Values[i]))
            {
                throw new DwarfException(
                    ErrorKind.Content,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"overlay: expected finite map values, found {(float.IsNaN(grid.Values[i]) ? "NaN" : "infinity")} at row {i / grid.Width}, column {i % grid.Width}"));
            }
        }

        var result = new float[width * height];
        MapResize.Bilinear(grid.Values, grid.Width, grid.Height, result, width, height);
        return result;
    }

    private static Picture Blank(int width, int height)
    {
        var rgb = new byte[width * height * 3];
        Array.Fill(rgb, GapGrey);
        return new(width, height, rgb);
    }

    private static void Blend(ref double r, ref double g, ref double b, (double R, double G, double B) colour, double alpha)
    {
        r += alpha * (colour.R - r);
        g += alpha * (colour.G - g);
        b += alpha * (colour.B - b);
    }

    private static byte Byte(double value) => (byte)Math.Round(value);
}
