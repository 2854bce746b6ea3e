namespace Dwarf.Training.Metrics;

/// <summary>The pointing game: is the map's highest pixel inside the truth?</summary>
public static class Pointing
{
    /// <summary>Whether the first (row-major) of the highest pixels lies in the truth.</summary>
    public static bool Hits(ReadOnlySpan<float> map, ReadOnlySpan<bool> truth)
    {
        var highest = 0;
        for (var i = 1; i < map.Length; i++)
        {
            highest = map[i] > map[highest] ? i : highest;
        }

        return map.Length > 0 && truth[highest];
    }

    /// <summary>Share of hits over the positive images; null without any.</summary>
    public static double? HitRate(string finding, IEnumerable<MapCase> cases)
    {
        var positives = MapDice.Positives(finding, cases);
        return positives.Count == 0 ? null : positives.Average(c => Hits(c.Map, c.Truth) ? 1.0 : 0.0);
    }
}
