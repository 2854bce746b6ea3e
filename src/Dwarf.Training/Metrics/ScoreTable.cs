using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Training.Metrics;

/// <summary>Scores and labels of one split: what classification metrics are computed from.</summary>
/// <param name="Images">[n] names, for messages</param>
/// <param name="Patients">[n], for the bootstrap</param>
/// <param name="Findings">[f]</param>
/// <param name="Scores">[f][n]</param>
/// <param name="Labels">[f][n]</param>
public sealed record ScoreTable(
    IReadOnlyList<string> Images, IReadOnlyList<string> Patients, IReadOnlyList<string> Findings, double[][] Scores, bool[][] Labels);

/// <summary>Where F1 is read off.</summary>
public enum F1Rule
{
    /// <summary>At the lowest score threshold of the highest MCC (KAD's protocol).</summary>
    AtBestMcc,

    /// <summary>At its own highest value over all score thresholds (MedKLIP's protocol).</summary>
    Maximum,
}

/// <summary>Classification metrics of one finding, or (Finding = "macro") their means over the findings that have a value.</summary>
/// <param name="Finding">the finding's name</param>
/// <param name="N">images</param>
/// <param name="Positives">images that show it; for the macro row, summed over the findings</param>
/// <param name="Auc">null with one class</param>
/// <param name="AucInterval">null without bootstrap</param>
/// <param name="F1">by the rule asked for</param>
/// <param name="Mcc">the highest over all score thresholds</param>
/// <param name="Threshold">the MCC's threshold; null in the macro row</param>
public sealed record ClassificationRow(
    string Finding, int N, int Positives, double? Auc, Interval? AucInterval, double? F1, double? Mcc, double? Threshold);

/// <summary>Rows per finding and their macro mean.</summary>
/// <param name="Rows">in the order of the findings</param>
/// <param name="Macro">means over findings, nulls left out</param>
/// <param name="Rule">where F1 was read off</param>
public sealed record ClassificationResult(IReadOnlyList<ClassificationRow> Rows, ClassificationRow Macro, F1Rule Rule);

/// <summary>Computes a <see cref="ClassificationResult"/>.</summary>
public static class ClassificationEvaluation
{
    /// <summary>Evaluates every finding of the table.</summary>
    /// <param name="table">scores and labels; a NaN among the scores is an error that names finding and image</param>
    /// <param name="rule">where F1 is read off</param>
    /// <param name="bootstrap">null: no intervals</param>
    public static ClassificationResult Evaluate(ScoreTable table, F1Rule rule = F1Rule.AtBestMcc, BootstrapOptions? bootstrap = null)
    {
        Check(table);
        var intervals = bootstrap is null ? [] : Bootstrap.Intervals(table.Patients, rows => Aucs(table, rows), bootstrap);
        ClassificationRow[] rows = [.. table.Findings.Select((finding, f) => Row(table, f, finding, rule, intervals.ElementAtOrDefault(f)))];
        ClassificationRow macro = new(
            "macro",
            table.Images.Count,
            rows.Sum(row => row.Positives),
            Macro.Mean(rows.Select(row => row.Auc)),
            intervals.ElementAtOrDefault(rows.Length),
            Macro.Mean(rows.Select(row => row.F1)),
            Macro.Mean(rows.Select(row => row.Mcc)),
            null);
        return new(rows, macro, rule);
    }

    private static ClassificationRow Row(ScoreTable table, int f, string finding, F1Rule rule, Interval? interval)
    {
        var (scores, labels) = (table.Scores[f], table.Labels[f]);
        var point = Classification.BestMcc(scores, labels);
        var f1 = rule == F1Rule.Maximum ? Classification.BestF1(scores, labels) : point;
        return new(
            finding,
            labels.Length,
            labels.Count(label => label),
            Classification.Auc(scores, labels),
            interval,
            f1?.Table.F1,
            point?.Table.Mcc,
            point?.Threshold);
    }

    private static double?[] Aucs(ScoreTable table, int[] rows)
    {
        var (scores, labels) = (new double[rows.Length], new bool[rows.Length]);
        var aucs = new double?[table.Findings.Count + 1];
        for (var f = 0; f < table.Findings.Count; f++)
        {
            for (var i = 0; i < rows.Length; i++)
            {
                (scores[i], labels[i]) = (table.Scores[f][rows[i]], table.Labels[f][rows[i]]);
            }

            aucs[f] = Classification.Auc(scores, labels);
        }

        aucs[^1] = Macro.Mean(aucs[..^1]);
        return aucs;
    }

    private static void Check(ScoreTable table)
    {
        Same("patients", table.Patients.Count, table.Images.Count);
        Same("rows of scores", table.Scores.Length, table.Findings.Count);
        Same("rows of labels", table.Labels.Length, table.Findings.Count);
        for (var f = 0; f < table.Findings.Count; f++)
        {
            Same($"scores of {table.Findings[f]}", table.Scores[f].Length, table.Images.Count);
            Same($"labels of {table.Findings[f]}", table.Labels[f].Length, table.Images.Count);
            Finite.Require(table.Scores[f], $"scores of {table.Findings[f]}", table.Images);
        }

        static void Same(string what, int found, int expected)
        {
            if (found != expected)
            {
                throw new DwarfException(
                    ErrorKind.Content, string.Create(CultureInfo.InvariantCulture, $"score table: expected {expected} {what}, found {found}"));
            }
        }
    }
}

/// <summary>Means over findings.</summary>
public static class Macro
{
    /// <summary>The mean of the values that are there; null where none is.</summary>
    public static double? Mean(IEnumerable<double?> values)
    {
        double[] there = [.. values.Where(v => v is not null).Select(v => v!.Value)];
        Finite.Require(there, "macro mean");
        return there.Length == 0 ? null : there.Average();
    }
}
