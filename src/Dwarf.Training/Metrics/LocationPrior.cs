using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Training.Metrics;

/// <summary>
/// The image-blind baseline: where a finding lies on average in the training masks. A head with a bias can learn this alone,
/// so a map is worth something only where it beats the prior.
/// </summary>
/// <param name="Finding">the finding's name</param>
/// <param name="Map">[h·w]: the mean training mask over images that show the finding, divided by its maximum</param>
/// <param name="Threshold">the one threshold that is best on the training masks</param>
/// <param name="TrainingImages">how many masks went in</param>
public sealed record LocationPrior(string Finding, float[] Map, double Threshold, int TrainingImages)
{
    /// <summary>Fits the prior; masks without the finding are left out.</summary>
    /// <param name="finding">the finding's name</param>
    /// <param name="trainingMasks">[h·w] each, one grid</param>
    /// <returns>null where no training mask shows the finding</returns>
    public static LocationPrior? Fit(string finding, IReadOnlyList<bool[]> trainingMasks)
    {
        List<bool[]> positive = [.. trainingMasks.Where(mask => Array.IndexOf(mask, true) >= 0)];
        if (positive.Count == 0)
        {
            return null;
        }

        var counts = new long[positive[0].Length];
        foreach (var mask in positive)
        {
            if (mask.Length != counts.Length)
            {
                throw new DwarfException(
                    ErrorKind.Content,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"location prior of {finding}: expected masks of {counts.Length} pixels, found one of {mask.Length}"));
            }

            for (var i = 0; i < counts.Length; i++)
            {
                counts[i] += mask[i] ? 1 : 0;
            }
        }

        var highest = (double)counts.Max();
        float[] map = [.. counts.Select(count => (float)(count / highest))];
        var best = MapDice.Best(finding, positive.Select(mask => new MapCase("training mask", "", map, mask)));
        return new(finding, map, best!.Value.Threshold, positive.Count);
    }

    /// <summary>The same cases with this prior in place of their maps.</summary>
    public FindingMaps Replace(FindingMaps maps) => maps with { Cases = [.. maps.Cases.Select(c => c with { Map = Map })] };
}
