using System.Security.Cryptography;
using System.Text.Json;
using Dwarf.Tests.Shell;
using Dwarf.Training.Data;
using Dwarf.Training.Metrics;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Data;

public sealed class PhantomTests : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"phantom-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public void The_same_numbers_draw_the_same_image_in_any_order()
    {
        byte[] alone = Phantom.Draw(3, 7, 64).Image.ToBytes();
        for (int i = 0; i < 7; i++)
        {
            Phantom.Draw(3, i, 64);
        }

        Assert.Equal(alone, Phantom.Draw(3, 7, 64).Image.ToBytes());
        Assert.NotEqual(alone, Phantom.Draw(4, 7, 64).Image.ToBytes());
        Assert.NotEqual(alone, Phantom.Draw(3, 8, 64).Image.ToBytes());
    }

    [Fact]
    public void Every_machine_draws_the_same_bytes()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < 20; i++)
        {
            PhantomImage phantom = Phantom.Draw(0, i, 64);
            hash.AppendData(phantom.Image.ToBytes());
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(string.Join(' ', phantom.Outlines.SelectMany(outline => outline.X.Concat(outline.Y)))));
        }

        Assert.Equal("e091ec6b0251d043", Convert.ToHexStringLower(hash.GetHashAndReset())[..16]);
    }

    [Fact]
    public void Each_finding_is_there_in_two_images_of_five_whatever_the_others_do()
    {
        PhantomImage[] phantoms = [.. Enumerable.Range(0, 1000).Select(i => Phantom.Draw(1, i, 16))];
        foreach (string finding in Phantom.Findings)
        {
            Assert.InRange(phantoms.Count(phantom => phantom.Shows(finding)), 350, 450);
            foreach (string other in Phantom.Findings.Where(other => other != finding))
            {
                PhantomImage[] with = [.. phantoms.Where(phantom => phantom.Shows(other))];
                Assert.InRange((double)with.Count(phantom => phantom.Shows(finding)) / with.Length, 0.32, 0.48);
            }
        }
    }

    [Fact]
    public void Findings_lie_in_both_lungs_at_any_height()
    {
        foreach (string finding in Phantom.Findings)
        {
            (double X, double Y)[] middles =
            [
                .. Enumerable.Range(0, 300).SelectMany(i => Phantom.Draw(2, i, 16).Outlines)
                    .Where(outline => outline.Finding == finding)
                    .Select(outline => (outline.X.Average() / Phantom.Frame, outline.Y.Average() / Phantom.Frame)),
            ];
            Assert.InRange((double)middles.Count(middle => middle.X < 0.5) / middles.Length, 0.38, 0.62);
            Assert.True(middles.Count(middle => middle.Y < 0.4) > middles.Length / 8);
            Assert.True(middles.Count(middle => middle.Y > 0.56) > middles.Length / 8);
        }
    }

    [Fact]
    public void An_image_blind_prior_reaches_between_a_tenth_and_four_tenths_of_Dice()
    {
        ChestSample[] samples = [.. Samples(seed: 0, count: 900)];
        var dice = new List<double>();
        for (int k = 0; k < Phantom.Findings.Count; k++)
        {
            string finding = Phantom.Findings[k];
            bool[][] masks = [.. samples.Select(sample => Truth(sample, k))];
            LocationPrior prior = LocationPrior.Fit(finding, masks[..600])!;
            dice.Add(MapDice.MeanAt(finding, masks[600..].Select((mask, i) => new MapCase($"{i}", "", prior.Map, mask)), prior.Threshold)!.Value);
        }

        Assert.InRange(dice.Average(), 0.10, 0.40);
    }

    [Fact]
    public void A_finding_is_seen_where_its_outline_says()
    {
        double mass = 0;
        double emphysema = 0;
        foreach (ChestSample sample in Samples(seed: 5, count: 200))
        {
            mass += Contrast(sample, 2);
            emphysema += Contrast(sample, 1);
        }

        Assert.True(mass > 0, "masses must be brighter than what surrounds them");
        Assert.True(emphysema < 0, "emphysema must be darker than what surrounds it");
    }

    [Fact]
    public void The_outline_encloses_what_is_painted_to_three_hundredths_of_its_radius()
    {
        const int side = 512;
        var random = new PhantomRandom(99);
        for (int i = 0; i < 50; i++)
        {
            PhantomLesion lesion = PhantomLesion.Draw(random, random.Next(0.3, 0.7), random.Next(0.3, 0.7));
            var mask = new byte[side * side];
            PolygonMask.Fill(mask, side, side, lesion.Outline("Mass", Phantom.Frame), Phantom.Frame);
            for (int pixel = 0; pixel < mask.Length; pixel++)
            {
                double distance = lesion.Distance(((pixel % side) + 0.5) / side, ((pixel / side) + 0.5) / side);
                if (Math.Abs(distance - 1) > 0.03)
                {
                    Assert.True(mask[pixel] == 1 == distance < 1, $"lesion {i}, pixel {pixel}: distance {distance}, mask {mask[pixel]}");
                }
            }
        }
    }

    [Fact]
    public void A_mask_does_not_depend_on_the_size_of_the_image()
    {
        foreach (int index in Enumerable.Range(0, 40))
        {
            ChestSample small = Phantom.Sample(Phantom.Draw(6, index, 64), index, Split.Train, Phantom.Findings);
            ChestSample large = Phantom.Sample(Phantom.Draw(6, index, 256), index, Split.Train, Phantom.Findings);
            Assert.Equal(small.Labels, large.Labels);
            for (int k = 0; k < Phantom.Findings.Count; k++)
            {
                double smallShare = Truth(small, k).Count(inside => inside) / (64.0 * 64);
                double largeShare = Truth(large, k).Count(inside => inside) / (256.0 * 256);
                Assert.InRange(smallShare - largeShare, -0.004, 0.004);
            }
        }
    }

    [Fact]
    public void The_folder_reads_back_as_the_data_set_in_memory()
    {
        Invocation run = Invocation.Of("data", "phantom", "--out", _folder, "--count", "30", "--size", "64", "--seed", "9", "--json");
        Assert.Equal(0, run.Code);
        Assert.Equal(30, JsonDocument.Parse(run.Out).RootElement.GetProperty("count").GetInt32());
        ChestDataset read = ChestDataset.Load(new ChestSource(
            Path.Combine(_folder, "images"), Path.Combine(_folder, "labels.csv"), Path.Combine(_folder, "annotations.json"), Phantom.Findings));
        Assert.Equal(Phantom.Findings, read.LabelNames);
        ChestSample[] drawn = [.. Samples(seed: 9, count: 30)];
        Assert.Equal(drawn.Length, read.Samples.Count);
        for (int i = 0; i < drawn.Length; i++)
        {
            ChestSample sample = read.Samples[i];
            Assert.Equal((drawn[i].FileName, drawn[i].PatientId), (sample.FileName, sample.PatientId));
            Assert.Equal(drawn[i].Pixels.ToArray(), sample.Pixels.ToArray());
            Assert.Equal(drawn[i].Labels, sample.Labels);
            Assert.Equal(drawn[i].Masks!, sample.Masks!);
        }

        Assert.Equal((18, 3, 9), (read.Indices(Split.Train).Length, read.Indices(Split.Validation).Length, read.Indices(Split.Test).Length));
    }

    [Fact]
    public void A_folder_that_exists_is_left_alone()
    {
        Directory.CreateDirectory(_folder);
        Invocation run = Invocation.Of("data", "phantom", "--out", _folder);
        Assert.Equal((73, ""), (run.Code, run.Out));
        Assert.Contains(_folder, run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("--count", "0")]
    [InlineData("--size", "8")]
    public void Numbers_out_of_range_are_wrong_usage(string option, string value)
    {
        Invocation run = Invocation.Of("data", "phantom", "--out", _folder, option, value);
        Assert.Equal(64, run.Code);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public void A_data_set_has_its_counts_and_the_findings_in_the_order_asked_for()
    {
        ChestDataset set = Phantom.Dataset(5, 2, 3, size: 32, seed: 8, ["Mass", "Consolidation"]);
        Assert.Equal((5, 2, 3), (set.Indices(Split.Train, true).Length, set.Indices(Split.Validation, true).Length, set.Indices(Split.Test, true).Length));
        foreach (ChestSample sample in set.Samples)
        {
            Assert.Equal(sample.Labels[2] == 1, sample.Shows(0));
            Assert.Equal(sample.Labels[0] == 1, sample.Shows(1));
        }
    }

    [Fact]
    public void A_finding_that_phantoms_do_not_have_is_named()
    {
        DwarfException error = Assert.Throws<DwarfException>(() => Phantom.Dataset(1, 1, 1, size: 32, seed: 0, ["Hernia"]));
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Contains("'Hernia'", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<ChestSample> Samples(long seed, int count) =>
        Enumerable.Range(0, count).Select(i => Phantom.Sample(Phantom.Draw(seed, i, 64), i, Split.Train, Phantom.Findings));

    private static bool[] Truth(ChestSample sample, int finding) =>
        sample.Masks![finding] is byte[] mask ? [.. mask.Select(value => value == 1)] : new bool[sample.Pixels.Length];

    // Mean brightness inside the mask less that of the pixels up to four columns beside it.
    private static double Contrast(ChestSample sample, int finding)
    {
        if (sample.Masks![finding] is not byte[] mask)
        {
            return 0;
        }

        double inside = 0;
        double beside = 0;
        int insideCount = 0;
        int besideCount = 0;
        for (int i = 4; i < mask.Length - 4; i++)
        {
            if (mask[i] == 1)
            {
                inside += sample.Pixels[i];
                insideCount++;
            }
            else if (mask[i - 4] == 1 || mask[i + 4] == 1)
            {
                beside += sample.Pixels[i];
                besideCount++;
            }
        }

        return (inside / insideCount) - (beside / besideCount);
    }
}
