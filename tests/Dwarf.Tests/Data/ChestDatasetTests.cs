using Dwarf.Tests.Shell;
using Dwarf.Training.Data;
using Xunit;

namespace Dwarf.Tests.Data;

public class ChestDatasetTests
{
    private static readonly string[] Findings = ["Atelectasis", "Cardiomegaly", "Consolidation", "Effusion"];

    internal static ChestDataset Shared { get; } = ChestDataset.Load(Source(0));

    private static ChestDataset Mini => Shared;

    [Fact]
    public void Chest_mini_has_the_pictures_and_splits_that_its_README_names()
    {
        Assert.Equal((833, 64, 64), (Mini.Samples.Count, Mini.Width, Mini.Height));
        Assert.Equal(661, Mini.Indices(Split.Train).Length + Mini.Indices(Split.Validation).Length);
        Assert.Equal(172, Mini.Indices(Split.Test).Length);
        Assert.Equal(19, Mini.Indices(Split.Test, annotatedOnly: true).Length);
        Assert.Equal(53, Mini.Indices(Split.Train, annotatedOnly: true).Length + Mini.Indices(Split.Validation, annotatedOnly: true).Length);
        Assert.Equal([4, 1, 5, 9], Findings.Select((_, f) => Mini.Indices(Split.Test).Count(i => Mini.Samples[i].Shows(f))));
        int[] nih = [.. Findings.Select(Mini.LabelOf)];
        Assert.Equal([23, 11, 5, 29], nih.Select(label => Mini.Indices(Split.Test).Sum(i => Mini.Samples[i].Labels[label])));
    }

    [Theory]
    [InlineData("quickstart.yaml")]
    public void Shipped_configurations_of_files_pass_the_data_check(string name)
    {
        Invocation run = Invocation.Of("data", "check", Path.Combine(GoldenTable.Root, "configs", name), "--json");
        Assert.Equal((0, "[]"), (run.Code, run.Out.Trim()));
    }

    [Fact]
    public void Labels_are_found_by_the_findings_names()
    {
        Assert.Equal(14, Mini.LabelNames.Count);
        Assert.Equal("Pleural Thickening", Mini.LabelNames[Mini.LabelOf("Pleural Thickening")]);
        Assert.Equal(Mini.LabelOf("Pleural Thickening"), Mini.LabelOf("Pleural_Thickening"));
        Assert.Equal(-1, Mini.LabelOf("Calcification"));
    }

    [Fact]
    public void No_patient_is_in_two_splits()
    {
        Assert.All(Mini.Samples.GroupBy(sample => sample.PatientId), group => Assert.Single(group.Select(sample => sample.Split).Distinct()));
        Assert.InRange(Mini.Indices(Split.Validation).Length, 80, 190);
        Assert.InRange(Mini.Indices(Split.Validation, annotatedOnly: true).Length, 5, 20);
    }

    [Fact]
    public void The_seed_decides_who_is_set_aside_and_never_touches_the_test_patients()
    {
        int[] Validation(long seed) => ChestDataset.Load(Source(seed)).Indices(Split.Validation);
        Assert.Equal(Mini.Indices(Split.Validation), Validation(0));
        Assert.NotEqual(Mini.Indices(Split.Validation), Validation(1));
        Assert.Equal(Mini.Indices(Split.Test), ChestDataset.Load(Source(1)).Indices(Split.Test));
        Assert.Empty(ChestDataset.Load(Source(0) with { ValidationFraction = 0 }).Indices(Split.Validation));
    }

    [Fact]
    public void Masks_lie_where_ChestX_Dets_boxes_say()
    {
        // Record 36206: one Cardiomegaly with box 328, 625, 741, 835 of 1024; its picture is 00000011_005.png.
        ChestSample sample = Mini.Samples.Single(sample => sample.FileName == "00000011_005.png");
        byte[] mask = sample.Masks![1]!;
        int[] set = [.. Enumerable.Range(0, mask.Length).Where(i => mask[i] == 1)];
        Assert.InRange(set.Min(i => i % 64), 20, 21);
        Assert.InRange(set.Max(i => i % 64), 45, 46);
        Assert.InRange(set.Min(i => i / 64), 39, 40);
        Assert.InRange(set.Max(i => i / 64), 51, 52);
        Assert.Null(sample.Masks[0]);
        Assert.NotNull(sample.Masks[2]);
    }

    [Fact]
    public void Pictures_and_masks_are_scaled_together()
    {
        ChestDataset small = ChestDataset.Load(Source(0) with { ImageSize = 32 });
        Assert.Equal((32, 32), (small.Width, small.Height));
        double Share(ChestDataset data) => data.Samples.Single(s => s.FileName == "00000011_005.png").Masks![1]!.Average(value => (double)value);
        Assert.Equal(Share(Mini), Share(small), 0.01);
    }

    [Fact]
    public void A_set_without_outlines_has_no_annotated_pictures() =>
        Assert.DoesNotContain(ChestDataset.Load(Source(0) with { Annotations = null }).Samples, sample => sample.Annotated);

    internal static ChestSource Source(long seed, string? folder = null) =>
        new(Path.Combine(folder ?? GoldenTable.ChestMini, "images"),
            Path.Combine(folder ?? GoldenTable.ChestMini, "labels.csv"),
            Path.Combine(folder ?? GoldenTable.ChestMini, "annotations.json"),
            Findings)
        {
            Seed = seed,
        };
}
