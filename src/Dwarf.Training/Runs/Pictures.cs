using System.Text;
using Dwarf.Training.Data;
using Dwarf.Training.Imaging;
using Dwarf.Training.Metrics;
using Dwarf.Training.Report;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>The overlays of a run: X-ray with truth outline, raw map, refined map, side by side.</summary>
public static class Pictures
{
    /// <summary>Draws the first annotated test images that show each finding, then validation images where there are too few.</summary>
    /// <param name="bench">data, findings and how many</param>
    /// <param name="own">the checkpoint that is shown</param>
    /// <param name="thresholds">of the refined maps, for the captions' Dice; null: no Dice</param>
    /// <param name="folder">where the PNGs go</param>
    /// <returns>the figures of the report</returns>
    public static IReadOnlyList<OverlayFigure> Draw(
        Workbench bench, Checkpointed own, IReadOnlyDictionary<string, double>? thresholds, string folder)
    {
        var figures = new List<OverlayFigure>();
        for (int f = 0; f < bench.Findings.Count; f++)
        {
            int left = bench.Config.Eval.Overlays;
            foreach (var split in new[] { Split.Test, Split.Validation })
            {
                var samples = bench.Data.Indices(split, annotatedOnly: true);
                for (int i = 0; i < samples.Length && left > 0; i++)
                {
                    var sample = bench.Data.Samples[samples[i]];
                    if (sample.Shows(f))
                    {
                        figures.Add(Figure(bench, sample, f, own.Annotated(split, f, i), split, thresholds, folder));
                        left--;
                    }
                }
            }
        }

        return figures;
    }

    /// <summary>Draws one image.</summary>
    /// <param name="width">of the image</param>
    /// <param name="height">of the image</param>
    /// <param name="pixels">[h,w], 0 … 1</param>
    /// <param name="truth">[h,w] or null</param>
    /// <param name="answer">raw and refined map</param>
    /// <returns>a PNG</returns>
    public static byte[] Png(int width, int height, float[] pixels, bool[]? truth, Answer answer)
    {
        var maps = new List<ValueGrid> { new(width, height, answer.RawMap) };
        if (answer.RefinedMap is not null)
        {
            maps.Add(new ValueGrid(width, height, answer.RefinedMap));
        }

        var outline = truth is null ? null : ValueGrid.Of(width, height, truth);
        return OverlayPainter.Paint(new GrayImage(width, height, pixels), outline, maps).ToPng();
    }

    /// <summary>A name that is safe as a file name on any system.</summary>
    /// <param name="text">a finding or an image</param>
    /// <returns>letters, digits, dots, hyphens and underscores</returns>
    public static string FileName(string text)
    {
        var name = new StringBuilder();
        foreach (char c in text)
        {
            name.Append(char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_');
        }

        return name.ToString();
    }

    private static OverlayFigure Figure(
        Workbench bench,
        ChestSample sample,
        int finding,
        Answer answer,
        Split split,
        IReadOnlyDictionary<string, double>? thresholds,
        string folder)
    {
        string name = bench.Findings[finding];
        bool[] truth = Array.ConvertAll(sample.Masks![finding]!, m => m != 0);
        byte[] png = Png(bench.Data.Width, bench.Data.Height, sample.Pixels.ToArray(), truth, answer);
        string file = $"{FileName(name)}-{FileName(Path.ChangeExtension(sample.FileName, null))}.png";
        AtomicFile.Write(Path.Combine(folder, file), s => s.Write(png));
        double? Dice(float[]? map) =>
            map is not null && thresholds is not null && thresholds.TryGetValue(name, out double t) ? MapDice.Of(map, truth, t) : null;
        return new OverlayFigure(name, sample.FileName, RunTables.Name(split), png)
        {
            Probability = answer.Probability,
            RefinedDice = Dice(answer.RefinedMap),
        };
    }
}
