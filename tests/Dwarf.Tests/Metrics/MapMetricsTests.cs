using CsCheck;
using Dwarf.Training.Metrics;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Metrics;

public sealed class MapMetricsTests
{
    private static readonly Gen<MapCase> s_case = Gen.Select(
        Gen.OneOf(Gen.Int[0, 100].Select(i => (float)(i / 100.0)), Gen.Float[-0.5f, 1.5f]).Array[9], Gen.Bool.Array[9], (map, truth) => new MapCase("image", "patient", map, truth));

    [Fact]
    public void Dice_is_twice_the_overlap_over_the_sizes()
    {
        Assert.Equal(0.5, MapDice.Of([0.9f, 0.6f, 0.5f, 0.1f], [true, false, true, false], 0.5));
        Assert.Equal(0.8, MapDice.Of([0.9f, 0.6f, 0.51f, 0.1f], [true, false, true, false], 0.5));
        Assert.Equal(0.0, MapDice.Of([0.5f, 0.5f], [true, true], 0.5));
    }

    [Fact]
    public void A_map_value_on_a_threshold_is_not_above_it()
    {
        for (var step = 0; step <= 100; step++)
        {
            var value = (float)(step / 100.0);
            Assert.Equal(0.0, MapDice.Of([value], [true], step / 100.0));
        }
    }

    [Fact]
    public void The_sweep_equals_trying_every_threshold() => s_case.Array[1, 5].Sample(cases =>
    {
        var best = MapDice.Best("Mass", cases);
        if (!cases.Any(c => c.IsPositive))
        {
            Assert.Null(best);
            return;
        }

        (double Threshold, double Dice) expected = (0, -1);
        for (var step = 0; step <= 100; step++)
        {
            var dice = MapDice.MeanAt("Mass", cases, step / 100.0)!.Value;
            expected = dice > expected.Dice + 1e-12 ? (step / 100.0, dice) : expected;
        }

        Assert.Equal(expected.Dice, best!.Value.Dice, 1e-12);
        Assert.Equal(expected.Threshold, best.Value.Threshold);
    });

    [Fact]
    public void Images_without_the_finding_do_not_count()
    {
        MapCase positive = new("a", "p", [0.9f, 0.1f], [true, false]), negative = new("b", "q", [0.9f, 0.9f], [false, false]);
        Assert.Equal(1.0, MapDice.MeanAt("Mass", [positive, negative], 0.5));
        Assert.Null(MapDice.MeanAt("Mass", [negative], 0.5));
        Assert.Equal(1, MapEvaluation.Evaluate([new("Mass", [positive, negative])]).Rows[0].N);
    }

    [Fact]
    public void A_nan_in_a_map_is_an_error_even_on_an_image_without_the_finding()
    {
        MapCase[] cases = [new("a.png", "p", [0, 1], [true, false]), new("b.png", "q", [0, float.NaN], [false, false])];
        var error = Assert.Throws<DwarfException>(() => MapEvaluation.Evaluate([new("Mass", cases)]));
        Assert.Equal("map of Mass on b.png: item 1 is NaN, expected a finite number", error.Message);
    }

    [Fact]
    public void Threshold_chosen_on_validation_is_used_on_test()
    {
        FindingMaps validation = new("Mass", [new("v", "p", [0.8f, 0.6f, 0.1f], [true, false, false])]);
        FindingMaps test = new("Mass", [new("t", "q", [0.7f, 0.55f, 0.1f], [true, false, false])]);
        var thresholds = MapEvaluation.ChooseThresholds([validation]);
        Assert.Equal(0.6, thresholds["Mass"]);
        var row = MapEvaluation.Evaluate([test], thresholds, new()).Rows[0];
        Assert.Equal((1.0, 0.6), (row.DiceAtChosen, row.ChosenThreshold));
        Assert.Equal((2.0 / 3, 1.0, 0.55), (row.Dice, row.MaxDice, row.MaxDiceThreshold));
        Assert.NotNull(row.ChosenInterval);
        Assert.Empty(MapEvaluation.ChooseThresholds([new("Mass", [new("v", "p", [1f], [false])])]));
    }

    [Fact]
    public void Pointing_takes_the_first_highest_pixel()
    {
        Assert.True(Pointing.Hits([0, 2, 2], [false, true, false]));
        Assert.False(Pointing.Hits([0, 2, 2], [false, false, true]));
        Assert.Equal(0.5, Pointing.HitRate("Mass", [new("a", "p", [1, 0], [true, false]), new("b", "p", [1, 0], [false, true])]));
    }

    [Fact]
    public void Prior_is_the_mean_training_mask_and_ignores_the_image()
    {
        var prior = LocationPrior.Fit("Mass", [[true, true, false], [true, false, false], [false, false, false]])!;
        Assert.Equal([1f, 0.5f, 0f], prior.Map);
        Assert.Equal(2, prior.TrainingImages);
        Assert.Equal(0.0, prior.Threshold);  // {0, 1}: mean Dice (1 + 2/3) / 2; {0} alone: (2/3 + 1) / 2, the same; the lower one wins
        var replaced = prior.Replace(new("Mass", [new("a", "p", [0, 0, 9], [true, false, false])]));
        Assert.Equal(prior.Map, replaced.Cases[0].Map);
        Assert.Null(LocationPrior.Fit("Mass", [[false, false]]));
    }

    [Fact]
    public void Shuffling_gives_nobody_his_own_map_and_keeps_the_truths() => Gen.Int[2, 20].Sample(n =>
    {
        FindingMaps maps = new("Mass", [.. Enumerable.Range(0, n).Select(i => new MapCase($"{i}", "p", [i], [true]))]);
        var shuffled = ShuffledImages.Apply(maps, seed: 5);
        Assert.Equal(n, shuffled.Cases.Count);
        Assert.All(shuffled.Cases, c => Assert.NotEqual(c.Image, $"{c.Map[0]:0}"));
        Assert.Equal(Enumerable.Range(0, n), shuffled.Cases.Select(c => (int)c.Map[0]).Order());
    });

    [Fact]
    public void A_single_positive_image_gets_the_map_of_another_image()
    {
        FindingMaps maps = new("Mass", [new("a", "p", [1], [false]), new("b", "p", [2], [true])]);
        Assert.Equal([1f], Assert.Single(ShuffledImages.Apply(maps, seed: 0).Cases).Map);
        Assert.Empty(ShuffledImages.Apply(new("Mass", [maps.Cases[1]]), seed: 0).Cases);
    }

    [Fact]
    public void A_map_that_reads_the_image_loses_its_dice_when_images_are_shuffled()
    {
        FindingMaps maps = new("Mass", [.. Enumerable.Range(0, 8).Select(i => new MapCase($"{i}", "p", OneAt(i), [.. OneAt(i).Select(v => v > 0)]))]);
        Assert.Equal(1.0, MapEvaluation.Evaluate([maps]).Macro.MaxDice);
        Assert.True(MapEvaluation.Evaluate([ShuffledImages.Apply(maps, seed: 1)]).Macro.MaxDice < 0.3);

        static float[] OneAt(int i) => [.. Enumerable.Range(0, 8).Select(p => p == i ? 1f : 0f)];
    }
}
