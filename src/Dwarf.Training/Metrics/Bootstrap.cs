using Engine.Kernels;

namespace Dwarf.Training.Metrics;

/// <summary>A percentile interval of a bootstrap.</summary>
/// <param name="Low">the lower percentile</param>
/// <param name="High">the upper percentile</param>
/// <param name="Level">coverage: 0.95 means the percentiles 2.5 and 97.5</param>
/// <param name="Resamples">resamples that had a value (a resample with one class has no AUC)</param>
public sealed record Interval(double Low, double High, double Level, int Resamples);

/// <summary>How to resample.</summary>
/// <param name="Seed">the same seed gives the same interval on any machine and with any number of threads</param>
/// <param name="Resamples">how often</param>
/// <param name="Level">0.95 for the percentiles 2.5 and 97.5; 0.90 for 5 and 95, as KAD reports</param>
public sealed record BootstrapOptions(ulong Seed = 0, int Resamples = 1000, double Level = 0.95);

/// <summary>
/// Bootstrap over patients: a resample draws as many patients as there are, with replacement, and takes all images of each.
/// Images of one patient resemble each other, so drawing images would give intervals that are too narrow.
/// </summary>
public static class Bootstrap
{
    /// <summary>One interval per statistic; all see the same resamples, so a macro mean is resampled as a whole.</summary>
    /// <param name="patients">[n]: whose image each row is</param>
    /// <param name="statistics">from row numbers (repeated as drawn) to one value for each of the statistics; null where undefined</param>
    /// <param name="options">seed, number and level</param>
    /// <returns>null for a statistic that no resample defines</returns>
    public static Interval?[] Intervals(
        IReadOnlyList<string> patients, Func<int[], double?[]> statistics, BootstrapOptions options)
    {
        var rows = RowsByPatient(patients);
        List<double>[]? values = null;
        if (rows.Length > 0)
        {
            for (var resample = 0; resample < options.Resamples; resample++)
            {
                var result = statistics(Draw(rows, options.Seed, resample));
                values ??= [.. result.Select(_ => new List<double>(options.Resamples))];
                for (var s = 0; s < result.Length; s++)
                {
                    if (result[s] is { } value)
                    {
                        Finite.Require([value], $"bootstrap statistic {s}");
                        values[s].Add(value);
                    }
                }
            }
        }

        return [.. (values ?? []).Select(v => Percentiles(v, options.Level))];
    }

    /// <summary>The interval of the mean of one value per row; null without rows.</summary>
    public static Interval? OfMean(IReadOnlyList<string> patients, IReadOnlyList<double> values, BootstrapOptions options) =>
        values.Count == 0 ? null : Intervals(patients, rows => [rows.Average(row => values[row])], options)[0];

    /// <summary>A number in 0 … count − 1, a function of seed and index alone.</summary>
    internal static int Below(int count, ulong seed, ulong index) => (int)(((ulong)Philox.Word(seed, index) * (ulong)count) >> 32);

    private static int[][] RowsByPatient(IReadOnlyList<string> patients) =>
        [.. patients.Select((patient, row) => (patient, row)).GroupBy(p => p.patient, p => p.row, StringComparer.Ordinal).Select(g => g.ToArray())];

    private static int[] Draw(int[][] rows, ulong seed, int resample)
    {
        List<int> drawn = [];
        for (var i = 0; i < rows.Length; i++)
        {
            drawn.AddRange(rows[Below(rows.Length, seed, ((ulong)resample << 32) + (ulong)i)]);
        }

        return [.. drawn];
    }

    private static Interval? Percentiles(List<double> values, double level)
    {
        if (values.Count == 0)
        {
            return null;
        }

        values.Sort();
        return new(At((1 - level) / 2), At((1 + level) / 2), level, values.Count);

        // Linear between the two nearest order statistics, as numpy.percentile does.
        double At(double share)
        {
            var position = share * (values.Count - 1);
            var lower = (int)Math.Floor(position);
            var upper = Math.Min(lower + 1, values.Count - 1);
            return values[lower] + ((position - lower) * (values[upper] - values[lower]));
        }
    }
}
