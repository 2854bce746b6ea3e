namespace Dwarf.Training.Imaging;

/// <summary>A decoded picture as its file holds it: samples of 8 or 16 bits, channels interleaved, rows from the top.</summary>
/// <param name="Width">pixels a row</param>
/// <param name="Height">rows</param>
/// <param name="Channels">1 grey, 2 grey and alpha, 3 RGB, 4 RGBA</param>
/// <param name="MaxValue">the sample that means full brightness: 255 or 65535</param>
/// <param name="Samples">[height, width, channels]</param>
public sealed record RasterImage(int Width, int Height, int Channels, int MaxValue, ushort[] Samples)
{
    /// <summary>
    /// One grey channel in 0..1: luma of ITU-R BT.601 in the 16-bit fixed point that PIL uses for its mode L, so that equal channels come
    /// back unchanged. Alpha is ignored: a radiograph has no background to blend with.
    /// </summary>
    public GrayImage ToGray()
    {
        var pixels = new float[Width * Height];
        float max = MaxValue;
        for (int i = 0, s = 0; i < pixels.Length; i++, s += Channels)
        {
            long value = Samples[s];
            if (Channels >= 3)
            {
                value = ((19595L * value) + (38470L * Samples[s + 1]) + (7471L * Samples[s + 2]) + 0x8000) >> 16;
            }

            pixels[i] = value / max;
        }

        return new GrayImage(Width, Height, pixels);
    }
}
