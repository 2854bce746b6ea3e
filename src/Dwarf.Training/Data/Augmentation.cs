using Dwarf.Model;
using Dwarf.Training.Config;

namespace Dwarf.Training.Data;

/// <summary>
/// One random change of one picture and of its masks: a rotation, change of size and shift about the middle, and a straight line for the
/// brightness. It is a function of seed, epoch and sample alone.
/// </summary>
public readonly record struct Augmentation
{
    private Augmentation(double cosine, double sine, double mirror, double shiftX, double shiftY, float gain, float offset) =>
        (Cosine, Sine, Mirror, ShiftX, ShiftY, Gain, Offset) = (cosine, sine, mirror, shiftX, shiftY, gain, offset);

    /// <summary>Changes nothing.</summary>
    public static Augmentation None { get; } = new(1, 0, 1, 0, 0, 1, 0);

    private double Cosine { get; init; }

    private double Sine { get; init; }

    private double Mirror { get; init; }

    private double ShiftX { get; init; }

    private double ShiftY { get; init; }

    private float Gain { get; init; }

    private float Offset { get; init; }

    private bool KeepsPlace => this with { Gain = 1, Offset = 0 } == None;

    /// <summary>The change that belongs to a sample in an epoch.</summary>
    /// <param name="range">how far it may go</param>
    /// <param name="seed">of the run</param>
    /// <param name="epoch">counts on over the whole run</param>
    /// <param name="sample">the sample's number in the data set</param>
    public static Augmentation Draw(AugmentSection range, long seed, int epoch, int sample)
    {
        ulong key = CounterRandom.Key((long)CounterRandom.Key(seed, "augmentation"), epoch, sample);
        double angle = Between(0) * range.Rotate * Math.PI / 180;
        double size = 1 + (Between(1) * range.Scale);
        double mirror = range.Flip && CounterRandom.Uniform(key, 2) < 0.5 ? -1 : 1;
        double gain = 1 + (Between(5) * range.Contrast);
        double offset = Between(6) * range.Brightness;

        // Stored is the way back, from a pixel of the result to the source: contrast turns about middle grey.
        return new Augmentation(
            Math.Cos(angle) / size,
            Math.Sin(angle) / size,
            mirror,
            Between(3) * range.Shift,
            Between(4) * range.Shift,
            (float)gain,
            (float)(0.5 - (0.5 * gain) + offset));

        double Between(long counter) => (2 * CounterRandom.Uniform(key, counter)) - 1;
    }

    /// <summary>Changes a picture: bilinear between its pixels, its edges repeated outside; brightness is clipped to 0..1.</summary>
    /// <param name="source">[height, width]</param>
    /// <param name="width">of both</param>
    /// <param name="height">of both</param>
    /// <param name="result">[height, width]</param>
    public void Picture(ReadOnlySpan<float> source, int width, int height, Span<float> result)
    {
        bool keepsPlace = KeepsPlace;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                float value = keepsPlace ? source[(y * width) + x] : Clamped(source, width, height, x, y);
                result[(y * width) + x] = Math.Clamp((value * Gain) + Offset, 0f, 1f);
            }
        }
    }

    /// <summary>
    /// Changes a mask by the same map: a pixel is set where bilinear interpolation reaches one half; outside there is nothing. A finding
    /// so small that this loses it keeps the pixels whose nearest source pixel was set, unless it was moved out of the picture.
    /// </summary>
    /// <param name="source">[height, width] of 0 and 1</param>
    /// <param name="width">of both</param>
    /// <param name="height">of both</param>
    /// <param name="result">[height, width] of 0 and 1</param>
    public void Mask(ReadOnlySpan<byte> source, int width, int height, Span<float> result)
    {
        bool any = false;
        for (int i = 0; i < width * height; i++)
        {
            var (x, y) = Back(i % width, i / width, width, height);
            int left = (int)Math.Floor(x);
            int top = (int)Math.Floor(y);
            double partX = x - left;
            double partY = y - top;
            double above = (At(source, left, top) * (1 - partX)) + (At(source, left + 1, top) * partX);
            double below = (At(source, left, top + 1) * (1 - partX)) + (At(source, left + 1, top + 1) * partX);
            bool set = (above * (1 - partY)) + (below * partY) >= 0.5;
            result[i] = set ? 1 : 0;
            any |= set;
        }

        for (int i = 0; i < width * height && !any; i++)
        {
            var (x, y) = Back(i % width, i / width, width, height);
            result[i] = At(source, (int)Math.Floor(x + 0.5), (int)Math.Floor(y + 0.5));
        }

        byte At(ReadOnlySpan<byte> mask, int x, int y) => x >= 0 && y >= 0 && x < width && y < height ? mask[(y * width) + x] : (byte)0;
    }

    private float Clamped(ReadOnlySpan<float> source, int width, int height, int column, int row)
    {
        var (x, y) = Back(column, row, width, height);
        x = Math.Clamp(x, 0, width - 1);
        y = Math.Clamp(y, 0, height - 1);
        int left = (int)x;
        int top = (int)y;
        int right = Math.Min(left + 1, width - 1);
        int bottom = Math.Min(top + 1, height - 1);
        float partX = (float)(x - left);
        float partY = (float)(y - top);
        float above = source[(top * width) + left] + (partX * (source[(top * width) + right] - source[(top * width) + left]));
        float below = source[(bottom * width) + left] + (partX * (source[(bottom * width) + right] - source[(bottom * width) + left]));
        return above + (partY * (below - above));
    }

    /// <summary>Where in the source a pixel of the result comes from; whole numbers are pixel centres.</summary>
    private (double X, double Y) Back(int column, int row, int width, int height)
    {
        double middleX = (width - 1) / 2.0;
        double middleY = (height - 1) / 2.0;
        double x = column - middleX - (ShiftX * width);
        double y = row - middleY - (ShiftY * height);
        return ((Mirror * ((Cosine * x) + (Sine * y))) + middleX, (Cosine * y) - (Sine * x) + middleY);
    }
}
