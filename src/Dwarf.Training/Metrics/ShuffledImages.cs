namespace Dwarf.Training.Metrics;

/// <summary>
/// The shuffled-image control: each truth meets the map of another image of the same split and finding. What a method keeps
/// under this control it did not read from the image.
/// </summary>
public static class ShuffledImages
{
    /// <summary>Gives every positive image the map of another positive one (of any other image where it is the only one).</summary>
    /// <param name="maps">maps and truths of one finding</param>
    /// <param name="seed">decides who meets whom</param>
    /// <returns>the positive images only; none where no other image is there to swap with</returns>
    public static FindingMaps Apply(FindingMaps maps, ulong seed)
    {
        MapCase[] positives = [.. MapDice.Positives(maps.Finding, maps.Cases)];
        MapCase[] donors = positives.Length > 1 ? positives : [.. maps.Cases.OrderByDescending(c => c.IsPositive)];
        if (positives.Length == 0 || donors.Length < 2)
        {
            return maps with { Cases = [] };
        }

        var partner = Cycle(donors.Length, seed);
        return maps with { Cases = [.. positives.Select((c, i) => c with { Map = donors[partner[i]].Map })] };
    }

    /// <summary>A permutation of 0 … n − 1 in one cycle (Sattolo's shuffle), so that nobody keeps his own.</summary>
    internal static int[] Cycle(int n, ulong seed)
    {
        int[] order = [.. Enumerable.Range(0, n)];
        for (var i = n - 1; i > 0; i--)
        {
            var j = Bootstrap.Below(i, seed, (ulong)i);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
