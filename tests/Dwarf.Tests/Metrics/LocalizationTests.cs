using System.Text.Json;
using CsCheck;
using Dwarf.Training.Metrics;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Metrics;

public sealed class LocalizationTests
{
    [Fact]
    public void Masks_ious_and_hits_equal_those_of_opencv_and_pillow()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Golden.Path("metrics/localization.json")));
        var otsu = Localization.ByOtsu();
        var tuning = Localization.ByTuning();
        var fixedThresholds = Localization.Candidates.Select(Localization.ByThreshold).ToArray();
        var cases = document.RootElement.EnumerateArray().ToArray();
        for (var c = 0; c < cases.Length; c++)
        {
            AddTo(otsu, cases[c], $"case{c}");
            AddTo(tuning, cases[c], "all");
            for (var t = 0; t < fixedThresholds.Length; t++)
            {
                AddTo(fixedThresholds[t], cases[c], $"case{c}");
            }
        }

        for (var c = 0; c < cases.Length; c++)
        {
            var row = otsu.Rows().Single(r => r.Pathology == $"case{c}");
            Near(Value(cases[c].GetProperty("otsu_iou")), row.Miou, $"Otsu IoU of case {c}");
            Near(Value(cases[c].GetProperty("hit")), row.HitRate, $"hit of case {c}");
            for (var t = 0; t < fixedThresholds.Length; t++)
            {
                var expected = Value(cases[c].GetProperty("tuning_ious")[t]);
                Near(expected, fixedThresholds[t].Rows().Single(r => r.Pathology == $"case{c}").Miou, $"IoU of case {c} at {Localization.Candidates[t]}");
            }
        }

        double?[] means = [.. Localization.Candidates.Select((_, t) => Macro.Mean(cases.Select(c => Value(c.GetProperty("tuning_ious")[t]))))];
        var tuned = tuning.Tune()["all"];
        Assert.Equal(Localization.Candidates[Array.IndexOf(means, means.Max())], tuned);
        Near(means.Max(), tuning.Rows().Single().Miou, "tuned mIoU");
    }

    [Fact]
    public void Otsu_pixels_equal_those_of_opencv_and_pillow()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Golden.Path("metrics/localization.json")));
        foreach (var c in document.RootElement.EnumerateArray())
        {
            // The mask against a truth that is everywhere: the IoU is the mask's share.
            var (map, h, w) = Map(c);
            var (height, width) = (c.GetProperty("truth")[0].GetInt32(), c.GetProperty("truth")[1].GetInt32());
            byte[] everywhere = [.. Enumerable.Repeat((byte)1, width * height)];
            var otsu = Localization.ByOtsu();
            otsu.Add("id", "p", map, w, h, everywhere, width, height);
            Near(c.GetProperty("otsu_pixels").GetInt32() / (double)(width * height), otsu.Rows()[0].Miou, "share of the Otsu mask");
        }
    }

    [Fact]
    public void Otsu_splits_two_groups_between_them()
    {
        Assert.InRange(OtsuMask.Threshold([10, 11, 12, 200, 201, 202]), 12, 199);
        Assert.Equal(0, OtsuMask.Threshold([7, 7, 7]));  // one group has no split
    }

    [Fact]
    public void Otsu_mask_has_no_holes_and_no_lone_pixels() => Gen.Int[0, 1].Array[48].Sample(bits =>
    {
        var mask = OtsuMask.Of([.. bits.Select(b => (float)b)], 8, 6);
        for (var i = 0; i < 48; i++)
        {
            Assert.True(mask[i] || bits[i] == 0 || IsLone(bits, i), $"pixel {i} was lost");
        }

        Assert.Equal(mask, OtsuMask.Of([.. mask.Select(m => m ? 1f : 0f)], 8, 6));  // nothing is left to fill or to drop
    });

    [Fact]
    public void A_ring_is_filled()
    {
        float[] ring = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0];
        Assert.Equal(9, OtsuMask.Of(ring, 5, 5).Count(m => m));
    }

    [Fact]
    public void An_image_counts_only_with_mask_and_truth_unless_all_images_are_asked_for()
    {
        var localization = Localization.ByThreshold(0.5);
        localization.Add("p1_a", "Edema", [0, 1], 2, 1, [0, 1], 2, 1);
        localization.Add("p2_a", "Edema", [0, 1], 2, 1, [0, 0], 2, 1);   // no truth
        localization.Add("p3_a", "Edema", [3, 3], 2, 1, [0, 1], 2, 1);   // a flat map: no mask
        localization.AddWithoutMap("p4_a", "Edema", truthIsEmpty: false);
        localization.AddWithoutMap("p5_a", "Edema", truthIsEmpty: true);
        var row = Assert.Single(localization.Rows(bootstrap: new()));
        Assert.Equal((1, 1.0), (row.N, row.Miou));
        Assert.Equal((2, 0.5), (row.HitN, row.HitRate));  // the flat map's first pixel misses
        Assert.NotNull(row.HitInterval);
        row = Assert.Single(localization.Rows(allImages: true));
        Assert.Equal((4, 0.25), (row.N, row.Miou));
    }

    [Fact]
    public void Thresholds_tuned_elsewhere_are_used()
    {
        var validation = Localization.ByTuning();
        validation.Add("a", "Edema", [0, 0.75f, 1], 3, 1, [0, 0, 1], 3, 1);
        Assert.Equal(0.8, validation.Tune()["Edema"]);
        var test = Localization.ByTuning();
        test.Add("b", "Edema", [0, 0.75f, 1], 3, 1, [0, 1, 1], 3, 1);
        Assert.Equal(1.0, test.Rows()[0].Miou);
        var row = test.Rows(tuned: validation.Tune())[0];
        Assert.Equal((0.5, 0.8), (row.Miou, row.Threshold));
        Assert.Null(test.Rows(tuned: new Dictionary<string, double>())[0].Miou);
    }

    [Fact]
    public void A_nan_in_a_map_names_image_and_pathology()
    {
        var error = Assert.Throws<DwarfException>(() => Localization.ByOtsu().Add("p1", "Edema", [0, float.NaN], 2, 1, [0, 1], 2, 1));
        Assert.Equal("map p1.Edema: item 1 is NaN, expected a finite number", error.Message);
    }

    private static void AddTo(Localization localization, JsonElement c, string pathology)
    {
        var (map, h, w) = Map(c);
        byte[] truth = [.. c.GetProperty("truth")[2].EnumerateArray().Select(v => v.GetByte())];
        localization.Add("id", pathology, map, w, h, truth, c.GetProperty("truth")[1].GetInt32(), c.GetProperty("truth")[0].GetInt32());
    }

    private static (float[] Map, int H, int W) Map(JsonElement c) => (
        [.. c.GetProperty("map")[2].EnumerateArray().Select(v => v.GetSingle())], c.GetProperty("map")[0].GetInt32(), c.GetProperty("map")[1].GetInt32());

    private static double? Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => value.GetDouble(),
    };

    private static bool IsLone(int[] bits, int i)
    {
        for (var j = 0; j < bits.Length; j++)
        {
            if (j != i && bits[j] == 1 && Math.Abs((j % 8) - (i % 8)) <= 1 && Math.Abs((j / 8) - (i / 8)) <= 1)
            {
                return false;
            }
        }

        return true;
    }

    private static void Near(double? expected, double? actual, string what)
    {
        Assert.True(expected is null == actual is null, $"{what}: expected {expected}, found {actual}");
        Assert.True(expected is null || Math.Abs(expected.Value - actual!.Value) <= 1e-12, $"{what}: expected {expected}, found {actual}");
    }
}
