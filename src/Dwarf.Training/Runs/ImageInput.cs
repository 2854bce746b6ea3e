using Dwarf.Model.Weights;
using Dwarf.Training.Config;
using Dwarf.Training.Data;

namespace Dwarf.Training.Runs;

/// <summary>
/// From pixels in 0 … 1 to the network's channels. A weights file carries it, so that `predict` does what training did.
/// </summary>
/// <param name="PerImage">whether mean and standard deviation are each image's own</param>
/// <param name="Mean">subtracted otherwise</param>
/// <param name="Std">divided by otherwise</param>
public sealed record ImageInput(bool PerImage, ChannelValues Mean, ChannelValues Std)
{
    /// <summary>Keeps a flat image from being divided by zero.</summary>
    private const double LeastDeviation = 1e-3;

    /// <summary>As the configuration says.</summary>
    /// <param name="config">the run</param>
    /// <returns>the rule</returns>
    public static ImageInput Of(RunConfig config) => config.Data.Normalise == Normalise.Imagenet
        ? new(PerImage: false, ChannelValues.ImageNetMean, ChannelValues.ImageNetStd)
        : new(config.Data.Normalise == Normalise.Image, config.Data.Mean, config.Data.Std);

    /// <summary>As a weights file says.</summary>
    /// <param name="info">from its metadata</param>
    /// <returns>the rule</returns>
    public static ImageInput Of(Preprocessing info) => new(info.PerImage, info.Mean, info.Std);

    /// <summary>What a weights file says of it.</summary>
    /// <param name="size">side of the network's images</param>
    /// <returns>the record of the file's metadata</returns>
    public Preprocessing Described(int size) => new() { ImageSize = size, PerImage = PerImage, Mean = Mean, Std = Std, Resize = "bicubic" };

    /// <summary>All that is done to an image, in one line for people.</summary>
    /// <param name="width">of the network's images</param>
    /// <param name="height">of the network's images</param>
    /// <param name="channels">of the network's images</param>
    public string Line(int width, int height, int channels)
    {
        string scaling = PerImage ? FormattableString.Invariant($"- its own mean, / (its own deviation + {LeastDeviation})") : $"- {Written(Mean)}, / {Written(Std)}";
        return FormattableString.Invariant($"preprocessing: grey, 8 bit -> bicubic (PIL) to {width}x{height}, sides stretched -> / 255 -> ")
            + FormattableString.Invariant($"{channels} channels -> {scaling}");
    }

    private static string Written(ChannelValues values) =>
        values.IsUniform ? values.ToString() : FormattableString.Invariant($"({values.Red:R}, {values.Green:R}, {values.Blue:R})");

    /// <summary>An image as it is.</summary>
    /// <param name="pixels">[h,w], 0 … 1</param>
    /// <param name="result">[3,h,w]</param>
    public void Plain(ReadOnlySpan<float> pixels, Span<float> result)
    {
        pixels.CopyTo(result);
        Finish(result, pixels.Length);
    }

    /// <summary>A sample as it is.</summary>
    /// <param name="pixels">[h,w]</param>
    /// <param name="result">[3,h,w]</param>
    public void Plain(SamplePixels pixels, Span<float> result)
    {
        pixels.CopyTo(result[..pixels.Length]);
        Finish(result, pixels.Length);
    }

    /// <summary>An image changed at random, and its mask moved with it.</summary>
    /// <param name="data">gives the size</param>
    /// <param name="range">how much may change</param>
    /// <param name="seed">of the run and stage</param>
    /// <param name="epoch">epoch</param>
    /// <param name="index">number of the sample</param>
    /// <param name="mask">[h,w] or null</param>
    /// <param name="pixels">[3,h,w], written</param>
    /// <param name="moved">[h,w], written: zero where there is no mask</param>
    public void Augmented(
        ChestDataset data, AugmentSection range, long seed, int epoch, int index, byte[]? mask, Span<float> pixels, Span<float> moved)
    {
        var sample = data.Samples[index];
        var change = Augmentation.Draw(range, seed, epoch, index);
        int count = data.Width * data.Height;
        // The second channel is not written before the first is done, so that it can hold the source.
        Span<float> source = pixels.Length >= 2 * count ? pixels.Slice(count, count) : new float[count];
        sample.Pixels.CopyTo(source);
        change.Picture(source, data.Width, data.Height, pixels[..count]);
        Finish(pixels, count);
        if (mask is null)
        {
            moved.Clear();
        }
        else
        {
            change.Mask(mask, data.Width, data.Height, moved);
        }
    }

    private void Finish(Span<float> result, int count)
    {
        ChannelValues mean = Mean, deviation = Std;
        if (PerImage)
        {
            double sum = 0, squares = 0;
            foreach (float p in result[..count])
            {
                sum += p;
            }

            double middle = sum / count;
            foreach (float p in result[..count])
            {
                squares += (p - middle) * (p - middle);
            }

            (mean, deviation) = (middle, Math.Sqrt(squares / count) + LeastDeviation);
        }

        // From the last channel to the first, whose place still holds the pixels until then.
        bool isUniform = mean.IsUniform && deviation.IsUniform;
        for (int channel = isUniform ? 0 : (result.Length / count) - 1; channel >= 0; channel--)
        {
            Span<float> own = result.Slice(channel * count, count);
            double subtracted = mean[channel], divisor = deviation[channel];
            for (int i = 0; i < count; i++)
            {
                own[i] = (float)((result[i] - subtracted) / divisor);
            }
        }

        for (int channel = 1; isUniform && channel < result.Length / count; channel++)
        {
            result[..count].CopyTo(result[(channel * count)..]);
        }
    }
}
