namespace Dwarf.Training.Metrics;

/// <summary>All maps of one finding in one split.</summary>
/// <param name="Finding">the finding's name</param>
/// <param name="Cases">images with or without the finding</param>
public sealed record FindingMaps(string Finding, IReadOnlyList<MapCase> Cases);

/// <summary>Map metrics of one finding, or (Finding = "macro") their means over the findings that have a value.</summary>
/// <param name="Finding">the finding's name</param>
/// <param name="N">images that show it; for the macro row, summed over the findings</param>
/// <param name="Dice">mean Dice at map &gt; 0.5</param>
/// <param name="MaxDice">mean Dice at the best threshold on this very split</param>
/// <param name="MaxDiceThreshold">that threshold; null in the macro row</param>
/// <param name="DiceAtChosen">mean Dice at a threshold chosen on another split; null where none was given</param>
/// <param name="ChosenThreshold">that threshold; null in the macro row</param>
/// <param name="ChosenInterval">bootstrap interval of <paramref name="DiceAtChosen"/>; null without bootstrap</param>
/// <param name="HitRate">share of images whose highest pixel lies in the truth</param>
public sealed record MapRow(
    string Finding,
    int N,
    double? Dice,
    double? MaxDice,
    double? MaxDiceThreshold,
    double? DiceAtChosen,
    double? ChosenThreshold,
    Interval? ChosenInterval,
    double? HitRate);

/// <summary>Rows per finding and their macro mean.</summary>
/// <param name="Rows">in the order of the findings</param>
/// <param name="Macro">means over findings, nulls left out</param>
public sealed record MapResult(IReadOnlyList<MapRow> Rows, MapRow Macro);

/// <summary>Computes a <see cref="MapResult"/>.</summary>
public static class MapEvaluation
{
    /// <summary>Evaluates the maps of every finding.</summary>
    /// <param name="maps">maps and truths; a NaN is an error that names finding and image</param>
    /// <param name="thresholds">per finding, chosen on another split (see <see cref="ChooseThresholds"/>)</param>
    /// <param name="bootstrap">null: no intervals</param>
    public static MapResult Evaluate(
        IEnumerable<FindingMaps> maps,
        IReadOnlyDictionary<string, double>? thresholds = null,
        BootstrapOptions? bootstrap = null)
    {
        MapRow[] rows = [.. maps.Select(m => Row(m, thresholds, bootstrap))];
        MapRow macro = new(
            "macro",
            rows.Sum(row => row.N),
            Macro.Mean(rows.Select(row => row.Dice)),
            Macro.Mean(rows.Select(row => row.MaxDice)),
            null,
            Macro.Mean(rows.Select(row => row.DiceAtChosen)),
            null,
            null,
            Macro.Mean(rows.Select(row => row.HitRate)));
        return new(rows, macro);
    }

    /// <summary>Each finding's best threshold on these maps (of the validation split), to be used on another split.</summary>
    /// <returns>no entry for a finding without a positive image</returns>
    public static IReadOnlyDictionary<string, double> ChooseThresholds(IEnumerable<FindingMaps> validation)
    {
        Dictionary<string, double> thresholds = new(StringComparer.Ordinal);
        foreach (var m in validation)
        {
            if (MapDice.Best(m.Finding, m.Cases) is { } best)
            {
                thresholds.Add(m.Finding, best.Threshold);
            }
        }

        return thresholds;
    }

    private static MapRow Row(FindingMaps m, IReadOnlyDictionary<string, double>? thresholds, BootstrapOptions? bootstrap)
    {
        var positives = MapDice.Positives(m.Finding, m.Cases);
        var best = MapDice.Best(m.Finding, positives);
        double? chosen = thresholds is not null && thresholds.TryGetValue(m.Finding, out var t) ? t : null;
        double[] atChosen = chosen is null ? [] : MapDice.PerImage(m.Finding, positives, chosen.Value);
        return new(
            m.Finding,
            positives.Count,
            MapDice.MeanAt(m.Finding, positives, 0.5),
            best?.Dice,
            best?.Threshold,
            atChosen.Length == 0 ? null : atChosen.Average(),
            chosen,
            bootstrap is null ? null : Bootstrap.OfMean([.. positives.Select(c => c.Patient)], atChosen, bootstrap),
            Pointing.HitRate(m.Finding, positives));
    }
}
