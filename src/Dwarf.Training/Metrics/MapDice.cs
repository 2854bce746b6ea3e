using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Training.Metrics;

/// <summary>One map of one finding with its truth on the same grid.</summary>
/// <param name="Image">the image's name, for messages</param>
/// <param name="Patient">for the bootstrap</param>
/// <param name="Map">[h·w], row-major</param>
/// <param name="Truth">[h·w]; throughout false: the image does not show the finding</param>
public sealed record MapCase(string Image, string Patient, float[] Map, bool[] Truth)
{
    /// <summary>Whether the image shows the finding.</summary>
    public bool IsPositive => Array.IndexOf(Truth, true) >= 0;
}

/// <summary>A swept threshold and the mean Dice it gives.</summary>
/// <param name="Threshold">the lowest of the best thresholds</param>
/// <param name="Dice">mean over the positive images</param>
public readonly record struct SweptDice(double Threshold, double Dice);

/// <summary>
/// Dice of maps against masks. Only images that show the finding count; a pixel is in where map &gt; threshold, compared in
/// float32, so that a map value written as 0.3 is not above the threshold 0.3.
/// </summary>
public static class MapDice
{
    /// <summary>How many thresholds the sweep tries: 0, 0.01, …, 1.</summary>
    public const int SweepSteps = 101;

    /// <summary>2|A∩B| / (|A| + |B|); 1 where both are empty.</summary>
    public static double Of(ReadOnlySpan<float> map, ReadOnlySpan<bool> truth, double threshold)
    {
        var limit = (float)threshold;
        long both = 0, sizes = 0;
        for (var i = 0; i < map.Length; i++)
        {
            var inside = map[i] > limit;
            both += inside && truth[i] ? 1 : 0;
            sizes += (inside ? 1 : 0) + (truth[i] ? 1 : 0);
        }

        return sizes == 0 ? 1 : 2.0 * both / sizes;
    }

    /// <summary>Dice of each positive image, in order.</summary>
    public static double[] PerImage(string finding, IEnumerable<MapCase> cases, double threshold) =>
        [.. Positives(finding, cases).Select(c => Of(c.Map, c.Truth, threshold))];

    /// <summary>Mean Dice over the positive images at one threshold; null without any.</summary>
    public static double? MeanAt(string finding, IEnumerable<MapCase> cases, double threshold)
    {
        var values = PerImage(finding, cases, threshold);
        return values.Length == 0 ? null : values.Average();
    }

    /// <summary>The one threshold of 0, 0.01, …, 1 with the highest mean Dice over the positive images; null without any.</summary>
    public static SweptDice? Best(string finding, IEnumerable<MapCase> cases)
    {
        var positives = Positives(finding, cases);
        if (positives.Count == 0)
        {
            return null;
        }

        var sums = new double[SweepSteps];
        foreach (var c in positives)
        {
            AddSweep(c, sums);
        }

        var best = 0;
        for (var step = 1; step < SweepSteps; step++)
        {
            // Sums of the same shares in another order differ in their last bits: that is a tie, and the lower threshold keeps it.
            best = sums[step] > sums[best] + (1e-12 * positives.Count) ? step : best;
        }

        return new(ThresholdOf(best), sums[best] / positives.Count);
    }

    /// <summary>The positive images, after a check of every map (also those of the others) for size, NaN and infinity.</summary>
    internal static IReadOnlyList<MapCase> Positives(string finding, IEnumerable<MapCase> cases)
    {
        List<MapCase> positives = [];
        foreach (var c in cases)
        {
            if (c.Map.Length != c.Truth.Length)
            {
                throw new DwarfException(
                    ErrorKind.Content,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"map of {finding} on {c.Image}: expected {c.Truth.Length} pixels as in the mask, found {c.Map.Length}"));
            }

            Finite.Require(c.Map, $"map of {finding} on {c.Image}");
            if (c.IsPositive)
            {
                positives.Add(c);
            }
        }

        return positives;
    }

    private static double ThresholdOf(int step) => step / 100.0;

    /// <summary>Adds this image's Dice at every threshold: each pixel is counted once, at the last threshold it exceeds.</summary>
    private static void AddSweep(MapCase c, double[] sums)
    {
        Span<long> inside = stackalloc long[SweepSteps + 1], both = stackalloc long[SweepSteps + 1];
        long truthSize = 0;
        for (var i = 0; i < c.Map.Length; i++)
        {
            var exceeded = Exceeded(c.Map[i]);
            inside[exceeded]++;
            both[exceeded] += c.Truth[i] ? 1 : 0;
            truthSize += c.Truth[i] ? 1 : 0;
        }

        long insideNow = 0, bothNow = 0;
        for (var step = SweepSteps - 1; step >= 0; step--)
        {
            insideNow += inside[step + 1];
            bothNow += both[step + 1];
            sums[step] += 2.0 * bothNow / (insideNow + truthSize);
        }
    }

    /// <summary>How many of the thresholds lie strictly below the value.</summary>
    private static int Exceeded(float value)
    {
        if (value <= 0)
        {
            return 0;
        }

        var count = value >= 2 ? SweepSteps : Math.Clamp((int)(value * 100), 0, SweepSteps);
        while (count < SweepSteps && value > (float)ThresholdOf(count))
        {
            count++;
        }

        while (count > 0 && !(value > (float)ThresholdOf(count - 1)))
        {
            count--;
        }

        return count;
    }
}
