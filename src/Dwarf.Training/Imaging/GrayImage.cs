namespace Dwarf.Training.Imaging;

/// <summary>A grey picture: brightness 0 (black) to 1 (white), row-major, the first row at the top.</summary>
public sealed class GrayImage
{
    /// <summary>Wraps pixels; they are not copied.</summary>
    /// <param name="width">pixels a row, at least 1</param>
    /// <param name="height">rows, at least 1</param>
    /// <param name="pixels">[height, width]</param>
    public GrayImage(int width, int height, float[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.LongLength, (long)width * height, nameof(pixels));
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Pixels a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>[height, width], 0..1.</summary>
    public float[] Pixels { get; }

    /// <summary>A picture of 8-bit samples: 255 is 1.</summary>
    public static GrayImage FromBytes(int width, int height, ReadOnlySpan<byte> samples)
    {
        var pixels = new float[samples.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = samples[i] / 255f;
        }

        return new GrayImage(width, height, pixels);
    }

    /// <summary>The nearest 8-bit samples; the exact inverse of <see cref="FromBytes"/>. What lies outside 0..1 is clipped.</summary>
    public byte[] ToBytes()
    {
        var samples = new byte[Pixels.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (byte)Math.Clamp((Pixels[i] * 255f) + 0.5f, 0f, 255f);
        }

        return samples;
    }

    /// <summary>The picture at another size as PIL makes it from 8-bit samples (deeper samples are rounded to 8 bits first).</summary>
    /// <param name="width">new width</param>
    /// <param name="height">new height</param>
    /// <param name="filter">the interpolation; both widen their support when shrinking</param>
    public GrayImage Resize(int width, int height, ResizeFilter filter) =>
        width == Width && height == Height
            ? this
            : FromBytes(width, height, PilResize.Resize(ToBytes(), Width, Height, width, height, filter));
}
