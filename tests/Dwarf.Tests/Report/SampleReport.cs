using Dwarf.Training.Imaging;
using Dwarf.Training.Metrics;
using Dwarf.Training.Report;

namespace Dwarf.Tests.Report;

/// <summary>A small report with all that can be in one: two score methods, controls, missing values, a broken curve, a hostile name.</summary>
internal static class SampleReport
{
    public const string Hostile = "Mass <img src=x onerror=alert(1)>";

    public static ReportModel Model()
    {
        BootstrapOptions bootstrap = new(Seed: 1, Resamples: 50);
        string[] images = [.. Enumerable.Range(0, 20).Select(i => $"{i}.png")];
        string[] patients = [.. Enumerable.Range(0, 20).Select(i => $"p{i / 2}")];
        double[] scores = [.. Enumerable.Range(0, 20).Select(i => i / 20.0)];
        bool[] labels = [.. Enumerable.Range(0, 20).Select(i => i % 3 == 0)];
        ScoreTable table = new(images, patients, ["Effusion", Hostile], [scores, scores], [labels, new bool[20]]);
        FindingMaps maps = new("Effusion", [new("0.png", "p0", [0.9f, 0.2f], [true, false]), new("3.png", "p1", [0.1f, 0.7f], [false, true])]);
        FindingMaps empty = new(Hostile, []);
        Dictionary<string, double> thresholds = new() { ["Effusion"] = 0.3 };
        var gray = GrayImage.FromBytes(4, 4, new byte[16]);
        var png = OverlayPainter.Paint(gray, null, [new(1, 1, [0.5f]), new(1, 1, [0.5f])], 16).ToPng();
        return new()
        {
            Title = "quickstart",
            Subtitle = "Two findings",
            Summary = [new("Method", "dwarf"), new("Seed", "0")],
            ConfigYaml = "seed: 0 # <default>",
            HeadlineSplit = "test",
            Charts =
            [
                new("Loss", "step", "loss", [new("Effusion", [new(0, 1), new(1, double.NaN), new(2, 0.5)]), new(Hostile, [])])
                {
                    Marks = [new(1, "best")],
                },
                new("Empty", "epoch", "Dice", [new("Effusion", [])]),
            ],
            Splits =
            [
                new("validation", 20, 10) { Scores = [new("DWARF", "NIH", ClassificationEvaluation.Evaluate(table))] },
                new("test", 20, 10)
                {
                    Scores =
                    [
                        new("DWARF", "ChestX-Det", ClassificationEvaluation.Evaluate(table, bootstrap: bootstrap)),
                        new("Pre-trained", "NIH", ClassificationEvaluation.Evaluate(table, bootstrap: bootstrap)),
                    ],
                    Maps =
                    [
                        new("DWARF, refined map", MapMethodKind.Model, MapEvaluation.Evaluate([maps, empty], thresholds, bootstrap)),
                        new("Shuffled images", MapMethodKind.Control, MapEvaluation.Evaluate([ShuffledImages.Apply(maps, 0), empty], thresholds)),
                    ],
                },
            ],
            Overlays = [new("Effusion", "0.png", "test", png) { Probability = 0.875, RefinedDice = 0.5 }],
            Protocol = Protocol.Sentences(F1Rule.AtBestMcc, bootstrap),
            Caveats = ["Few annotated test images: no claim rests on them."],
        };
    }
}
