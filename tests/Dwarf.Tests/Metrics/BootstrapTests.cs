using Dwarf.Training.Metrics;
using Xunit;

namespace Dwarf.Tests.Metrics;

public sealed class BootstrapTests
{
    [Fact]
    public void Interval_of_a_mean_agrees_with_theory()
    {
        string[] patients = [.. Enumerable.Range(0, 400).Select(i => $"p{i}")];
        double[] values = [.. Enumerable.Range(0, 400).Select(i => i % 2 == 0 ? 0.0 : 1.0)];
        var interval = Bootstrap.OfMean(patients, values, new(Seed: 1, Resamples: 4000))!;
        var expected = 1.96 * Math.Sqrt(0.25 / 400);  // standard error of a share of one half
        Assert.Equal(0.5 - expected, interval.Low, 0.005);
        Assert.Equal(0.5 + expected, interval.High, 0.005);
        Assert.Equal((0.95, 4000), (interval.Level, interval.Resamples));
    }

    [Fact]
    public void Images_of_one_patient_are_drawn_together()
    {
        string[] patients = ["a", "a", "a", "b", "b", "b"];
        var seen = new HashSet<string>();
        Bootstrap.Intervals(patients, rows => Record(rows), new(Resamples: 200));
        Assert.Equal(["0,1,2,0,1,2", "0,1,2,3,4,5", "3,4,5,0,1,2", "3,4,5,3,4,5"], seen.Order());

        double?[] Record(int[] rows)
        {
            seen.Add(string.Join(',', rows));
            return [0];
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_interval_and_another_seed_another()
    {
        string[] patients = [.. Enumerable.Range(0, 30).Select(i => $"p{i}")];
        double[] values = [.. Enumerable.Range(0, 30).Select(i => Math.Sin(i))];
        var first = Bootstrap.OfMean(patients, values, new(Seed: 3));
        Assert.Equal(first, Bootstrap.OfMean(patients, values, new(Seed: 3)));
        Assert.NotEqual(first, Bootstrap.OfMean(patients, values, new(Seed: 4)));
    }

    [Fact]
    public void Resamples_without_a_value_are_left_out_and_counted()
    {
        ScoreTable table = new(["a", "b", "c"], ["p", "q", "r"], ["Mass"], [[0.1, 0.9, 0.5]], [[false, true, false]]);
        var interval = ClassificationEvaluation.Evaluate(table, bootstrap: new(Resamples: 1000)).Rows[0].AucInterval!;
        Assert.InRange(interval.Resamples, 600, 740);  // (2/3)³ + (1/3)³ = 1/3 of the resamples have one class
        Assert.Equal((1.0, 1.0), (interval.Low, interval.High));
    }

    [Fact]
    public void A_wider_level_contains_a_narrower_one()
    {
        string[] patients = [.. Enumerable.Range(0, 50).Select(i => $"p{i}")];
        double[] values = [.. Enumerable.Range(0, 50).Select(i => (i * 7919 % 101) / 101.0)];
        var wide = Bootstrap.OfMean(patients, values, new(Level: 0.95))!;
        var narrow = Bootstrap.OfMean(patients, values, new(Level: 0.90))!;
        Assert.True(wide.Low < narrow.Low && narrow.Low < narrow.High && narrow.High < wide.High);
    }
}
