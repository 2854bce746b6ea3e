using Dwarf.Training.Config;

namespace Dwarf.Training.Data;

/// <summary>Writes samples as the network takes them. It keeps no state: any thread may write any sample, and the numbers are the same.</summary>
/// <param name="data">the pictures</param>
/// <param name="mean">of the pixels, subtracted</param>
/// <param name="deviation">of the pixels, divided by</param>
/// <param name="range">how far training pictures are changed; null: not at all</param>
/// <param name="seed">of the run</param>
public sealed class BatchWriter(ChestDataset data, double mean, double deviation, AugmentSection? range, long seed)
{
    /// <summary>Floats of one picture: three equal channels.</summary>
    public int ImageLength => 3 * MaskLength;

    /// <summary>Floats of one mask.</summary>
    public int MaskLength => data.Width * data.Height;

    /// <summary>Writes a picture, normalised.</summary>
    /// <param name="sample">its number in the data set</param>
    /// <param name="epoch">counts on over the run; null: the picture as it is, for evaluation</param>
    /// <param name="image">[3, height, width]</param>
    public void Image(int sample, int? epoch, Span<float> image)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(image.Length, ImageLength, nameof(image));
        Span<float> first = image[..MaskLength];
        Change(sample, epoch).Picture(data.Samples[sample].Pixels, data.Width, data.Height, first);
        float subtract = (float)mean;
        float factor = (float)(1 / deviation);
        for (int i = 0; i < first.Length; i++)
        {
            first[i] = (first[i] - subtract) * factor;
        }

        first.CopyTo(image.Slice(MaskLength, MaskLength));
        first.CopyTo(image.Slice(2 * MaskLength, MaskLength));
    }

    /// <summary>Writes the mask of a finding, moved as the picture is; zeros where the picture does not show it.</summary>
    /// <param name="sample">its number in the data set</param>
    /// <param name="epoch">as for <see cref="Image"/></param>
    /// <param name="finding">its number in the data set</param>
    /// <param name="mask">[height, width] of 0 and 1</param>
    public void Mask(int sample, int? epoch, int finding, Span<float> mask)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(mask.Length, MaskLength, nameof(mask));
        mask.Clear();
        if (data.Samples[sample].Masks?[finding] is byte[] source)
        {
            Change(sample, epoch).Mask(source, data.Width, data.Height, mask);
        }
    }

    /// <summary>Writes pictures one after the other.</summary>
    /// <param name="samples">their numbers in the data set</param>
    /// <param name="epoch">as for <see cref="Image"/></param>
    /// <param name="images">[samples, 3, height, width]</param>
    public void Images(ReadOnlySpan<int> samples, int? epoch, Span<float> images)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            Image(samples[i], epoch, images.Slice(i * ImageLength, ImageLength));
        }
    }

    /// <summary>Writes the masks of one finding and its labels, one after the other.</summary>
    /// <param name="samples">their numbers in the data set</param>
    /// <param name="epoch">as for <see cref="Image"/></param>
    /// <param name="finding">its number in the data set</param>
    /// <param name="masks">[samples, height, width]</param>
    /// <param name="labels">[samples] 1 where the picture shows the finding</param>
    public void Masks(ReadOnlySpan<int> samples, int? epoch, int finding, Span<float> masks, Span<long> labels)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            Mask(samples[i], epoch, finding, masks.Slice(i * MaskLength, MaskLength));
            labels[i] = data.Samples[samples[i]].Shows(finding) ? 1 : 0;
        }
    }

    private Augmentation Change(int sample, int? epoch) =>
        range is null || epoch is null ? Augmentation.None : Augmentation.Draw(range, seed, epoch.Value, sample);
}
