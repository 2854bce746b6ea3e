using System.Text.Json;
using CsCheck;
using Dwarf.Training.Metrics;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Metrics;

public sealed class ClassificationTests
{
    private static readonly Gen<(double Score, bool Label)[]> s_items =
        Gen.Select(Gen.Int[0, 12].Select(s => s / 12.0), Gen.Bool).Array[1, 40];

    [Fact]
    public void Metrics_equal_scikit_learns_golden_values()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Golden.Path("metrics/classification.json")));
        var cases = 0;
        foreach (var c in document.RootElement.EnumerateArray())
        {
            double[] scores = [.. c.GetProperty("scores").EnumerateArray().Select(s => s.GetDouble())];
            bool[] labels = [.. c.GetProperty("labels").EnumerateArray().Select(l => l.GetInt32() == 1)];
            var name = c.GetProperty("name").GetString();
            var point = Classification.BestMcc(scores, labels);
            Near(Number(c, "auc"), Classification.Auc(scores, labels), $"AUC of {name}");
            Near(Number(c, "threshold"), point?.Threshold, $"threshold of {name}");
            Near(Number(c, "mcc"), point?.Table.Mcc, $"MCC of {name}");
            Near(Number(c, "f1_at_mcc"), point?.Table.F1, $"F1 at MCC of {name}");
            Near(Number(c, "f1_max"), Classification.BestF1(scores, labels)?.Table.F1, $"F1 maximum of {name}");
            cases++;
        }

        Assert.Equal(11, cases);
    }

    [Fact]
    public void Auc_is_the_share_of_pairs_in_order_with_ties_counting_half() => s_items.Sample(items =>
    {
        double[] positives = [.. items.Where(i => i.Label).Select(i => i.Score)];
        double[] negatives = [.. items.Where(i => !i.Label).Select(i => i.Score)];
        double? expected = positives.Length == 0 || negatives.Length == 0
            ? null
            : positives.Average(p => negatives.Average(n => p > n ? 1.0 : p == n ? 0.5 : 0.0));
        Near(expected, Classification.Auc(Scores(items), Labels(items)), "AUC");
    });

    [Fact]
    public void Best_threshold_is_the_lowest_score_with_the_highest_mcc() => s_items.Sample(items =>
    {
        var (scores, labels) = (Scores(items), Labels(items));
        var expected = scores.Distinct().Order().Select(t => Classification.At(scores, labels, t)).Aggregate(
            (best, next) => next.Table.Mcc > best.Table.Mcc + 1e-12 ? next : best);
        Assert.Equal(expected, Classification.BestMcc(scores, labels));
    });

    [Fact]
    public void Best_f1_is_the_highest_over_all_thresholds_and_bounds_f1_at_the_best_mcc() => s_items.Sample(items =>
    {
        var (scores, labels) = (Scores(items), Labels(items));
        var best = Classification.BestF1(scores, labels)!.Value.Table.F1;
        Near(scores.Max(t => Classification.At(scores, labels, t).Table.F1), best, "F1");
        Assert.True(Classification.BestMcc(scores, labels)!.Value.Table.F1 <= best);
    });

    [Fact]
    public void Nothing_to_evaluate_gives_no_value()
    {
        Assert.Null(Classification.Auc([], []));
        Assert.Null(Classification.BestMcc([], []));
        Assert.Null(Classification.BestF1([], []));
    }

    [Fact]
    public void A_nan_score_names_finding_and_image()
    {
        ScoreTable table = new(["a.png", "b.png"], ["p", "q"], ["Mass", "Effusion"], [[0, 1], [1, double.NaN]], [[true, false], [true, false]]);
        var error = Assert.Throws<DwarfException>(() => ClassificationEvaluation.Evaluate(table));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.Equal("scores of Effusion: b.png is NaN, expected a finite number", error.Message);
    }

    [Fact]
    public void Macro_leaves_out_findings_without_a_value()
    {
        ScoreTable table = new(
            ["a", "b", "c"], ["p", "q", "r"], ["Mass", "Effusion"], [[0.1, 0.9, 0.8], [0.5, 0.6, 0.7]], [[false, true, false], [true, true, true]]);
        var result = ClassificationEvaluation.Evaluate(table);
        Assert.Null(result.Rows[1].Auc);
        Assert.Equal(1.0, result.Macro.Auc);
        Assert.Equal((3, 4), (result.Macro.N, result.Macro.Positives));
        Assert.Equal(0.5, result.Macro.Mcc);  // a single class has an MCC of 0, and that counts
    }

    [Fact]
    public void Wrong_lengths_are_named()
    {
        ScoreTable table = new(["a", "b"], ["p", "q"], ["Mass"], [[0.1]], [[true, false]]);
        var error = Assert.Throws<DwarfException>(() => ClassificationEvaluation.Evaluate(table));
        Assert.Equal("score table: expected 2 scores of Mass, found 1", error.Message);
    }

    private static double? Number(JsonElement c, string name) =>
        c.GetProperty(name).ValueKind == JsonValueKind.Null ? null : c.GetProperty(name).GetDouble();

    private static void Near(double? expected, double? actual, string what)
    {
        Assert.True(expected is null == actual is null, $"{what}: expected {expected}, found {actual}");
        if (expected is not null)
        {
            Assert.True(Math.Abs(expected.Value - actual!.Value) <= 1e-12, $"{what}: expected {expected}, found {actual}");
        }
    }

    private static double[] Scores((double Score, bool Label)[] items) => [.. items.Select(i => i.Score)];

    private static bool[] Labels((double Score, bool Label)[] items) => [.. items.Select(i => i.Label)];
}
