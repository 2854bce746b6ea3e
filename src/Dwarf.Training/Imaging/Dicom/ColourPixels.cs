namespace Dwarf.Training.Imaging.Dicom;

/// <summary>Colour pictures, such as secondary captures: 8 bits, no windows.</summary>
internal static class ColourPixels
{
    /// <summary>Puts colours pixel by pixel. Of YBR the Y is the luma that grey would be made of, so it stands for all three.</summary>
    /// <param name="layout">the picture</param>
    /// <param name="samples">in the order of the file; of a JPEG: red, green, blue, alpha</param>
    /// <param name="isJpeg">whether a JPEG decoder has made RGB of it already</param>
    public static RasterImage Arrange(PixelLayout layout, ushort[] samples, bool isJpeg)
    {
        if (isJpeg)
        {
            return new RasterImage(layout.Columns, layout.Rows, 4, byte.MaxValue, samples);
        }

        int size = layout.Rows * layout.Columns;
        bool isLuma = layout.Photometric.StartsWith("YBR", StringComparison.Ordinal);
        var result = new ushort[isLuma ? size : 3 * size];
        for (int i = 0; i < size; i++)
        {
            for (int c = 0; c < (isLuma ? 1 : 3); c++)
            {
                result[(i * (isLuma ? 1 : 3)) + c] = samples[layout.IsPlanar ? (c * size) + i : (3 * i) + c];
            }
        }

        return new RasterImage(layout.Columns, layout.Rows, isLuma ? 1 : 3, byte.MaxValue, result);
    }
}
