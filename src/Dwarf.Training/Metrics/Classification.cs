using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Training.Metrics;

/// <summary>A threshold (yes where score ≥ threshold) and what it gives.</summary>
/// <param name="Threshold">one of the scores</param>
/// <param name="Table">the counts at that threshold</param>
public readonly record struct OperatingPoint(double Threshold, Confusion Table);

/// <summary>Metrics of one finding's scores against its labels.</summary>
public static class Classification
{
    /// <summary>Area under the ROC curve by midranks: the chance that a positive scores above a negative, ties counting half.</summary>
    /// <param name="scores">[n], finite</param>
    /// <param name="labels">[n]</param>
    /// <param name="what">names the scores in an error</param>
    /// <returns>null with only one class</returns>
    public static double? Auc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, string what = "scores")
    {
        var (sorted, sortedLabels) = Sorted(scores, labels, what);
        long positives = 0, twiceRankSum = 0;
        for (var start = 0; start < sorted.Length;)
        {
            var end = EndOfTies(sorted, start, sortedLabels, out var tied);
            positives += tied;
            twiceRankSum += tied * (start + 1L + end);  // ranks start+1 … end share their mean
            start = end;
        }

        var negatives = sorted.Length - positives;
        return positives == 0 || negatives == 0
            ? null
            : (twiceRankSum - (positives * (positives + 1))) / (2.0 * positives * negatives);
    }

    /// <summary>The lowest score that, as threshold, gives the highest MCC; null without items.</summary>
    public static OperatingPoint? BestMcc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, string what = "scores") =>
        Best(scores, labels, what, static (a, b) => a.MccExceeds(b));

    /// <summary>The lowest score that, as threshold, gives the highest F1; null without items.</summary>
    public static OperatingPoint? BestF1(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, string what = "scores") =>
        Best(scores, labels, what, static (a, b) => a.F1Exceeds(b));

    /// <summary>What a threshold chosen elsewhere (on validation) gives here.</summary>
    public static OperatingPoint At(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, double threshold, string what = "scores")
    {
        RequireSameLength(scores, labels, what);
        Finite.Require(scores, what);
        long tp = 0, fp = 0, fn = 0, tn = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            var yes = scores[i] >= threshold;
            tp += yes && labels[i] ? 1 : 0;
            fp += yes && !labels[i] ? 1 : 0;
            fn += !yes && labels[i] ? 1 : 0;
            tn += !yes && !labels[i] ? 1 : 0;
        }

        return new(threshold, new(tp, fp, fn, tn));
    }

    private static OperatingPoint? Best(
        ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, string what, Func<Confusion, Confusion, bool> exceeds)
    {
        var (sorted, sortedLabels) = Sorted(scores, labels, what);
        if (sorted.Length == 0)
        {
            return null;
        }

        var positives = sortedLabels.LongCount(label => label);
        var negatives = sorted.Length - positives;
        long below = 0, positivesBelow = 0;
        OperatingPoint? best = null;
        for (var start = 0; start < sorted.Length;)
        {
            var negativesBelow = below - positivesBelow;
            Confusion table = new(positives - positivesBelow, negatives - negativesBelow, positivesBelow, negativesBelow);
            if (best is null || exceeds(table, best.Value.Table))
            {
                best = new(sorted[start], table);
            }

            start = EndOfTies(sorted, start, sortedLabels, out var tied);
            below = start;
            positivesBelow += tied;
        }

        return best;
    }

    private static (double[] Scores, bool[] Labels) Sorted(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, string what)
    {
        RequireSameLength(scores, labels, what);
        Finite.Require(scores, what);
        var (sorted, sortedLabels) = (scores.ToArray(), labels.ToArray());
        Array.Sort(sorted, sortedLabels);
        return (sorted, sortedLabels);
    }

    private static int EndOfTies(double[] sorted, int start, bool[] labels, out long positives)
    {
        positives = 0;
        var end = start;
        for (; end < sorted.Length && sorted[end] == sorted[start]; end++)
        {
            positives += labels[end] ? 1 : 0;
        }

        return end;
    }

    private static void RequireSameLength(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels, string what)
    {
        if (scores.Length != labels.Length)
        {
            throw new DwarfException(
                ErrorKind.Content,
                string.Create(CultureInfo.InvariantCulture, $"{what}: expected one score per label ({labels.Length}), found {scores.Length}"));
        }
    }
}
