using System.CommandLine;
using System.Globalization;
using Dwarf.Training.Metrics;
using Dwarf.Training.Report;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`metrics`: the numbers of the report, for anybody's scores and maps.</summary>
public sealed class MetricsVerb : Verb
{
    private readonly Option<string?> _scores = new("--scores") { Description = "CSV of scores: file_name,FINDING,..." };
    private readonly Option<string?> _labels = new("--labels") { Description = "CSV of labels 0 and 1 with the same header" };
    private readonly Option<string> _protocol = new("--protocol")
    {
        Description = "kad: F1 at the threshold of the highest MCC; medklip: F1's own maximum",
        DefaultValueFactory = _ => "kad",
    };

    private readonly Option<string?> _maps = new("--maps")
    {
        Description = "Safetensors of map.FINDING and mask.FINDING [n,h,w]; with --truth of IMAGE.PATHOLOGY [h,w]",
    };

    private readonly Option<string?> _truth = new("--truth") { Description = "CheXlocalize's truth: JSON of contours or run lengths" };
    private readonly Option<string> _threshold = new("--threshold")
    {
        Description = "With --truth: otsu, tuned (per pathology, 0.2 to 0.8) or a number",
        DefaultValueFactory = _ => "otsu",
    };

    private readonly Option<bool> _allImages = new("--all-images") { Description = "With --truth: an image where mask or truth is empty counts as 0" };
    private readonly Option<string?> _tuneMaps = new("--tune-maps") { Description = "Maps to tune thresholds on (default: the given ones)" };
    private readonly Option<string?> _tuneTruth = new("--tune-truth") { Description = "Their truth" };

    /// <inheritdoc/>
    public override string Name => "metrics";

    /// <inheritdoc/>
    public override string Summary => "AUC, MCC, F1 of scores; Dice, mIoU and hit rate of maps";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_scores, _labels, _protocol, _maps, _truth, _threshold, _allImages, _tuneMaps, _tuneTruth];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        Check(context);
        if (context.Get(_scores) is { } scores)
        {
            Scores(context, scores, context.Get(_labels)!);
        }
        else if (context.Get(_truth) is { } truth)
        {
            Localise(context, context.Get(_maps)!, truth);
        }
        else
        {
            Maps(context, context.Get(_maps)!);
        }
        return 0;
    }

    private void Check(VerbContext context)
    {
        Need(context.Given(_scores) != context.Given(_maps), "expected either --scores with --labels, or --maps");
        Need(context.Given(_scores) == context.Given(_labels), "--scores and --labels belong together");
        Need(!context.Given(_protocol) || context.Given(_scores), "--protocol belongs to --scores");
        Need(context.Get(_protocol) is "kad" or "medklip", $"--protocol: expected kad or medklip, found '{context.Get(_protocol)}'");
        Need(!context.Given(_truth) || context.Given(_maps), "--truth belongs to --maps");
        foreach (Option option in new Option[] { _threshold, _allImages, _tuneMaps, _tuneTruth })
        {
            Need(!context.Given(option) || context.Given(_truth), $"{option.Name} belongs to --maps with --truth");
        }
        Need(context.Given(_tuneMaps) == context.Given(_tuneTruth), "--tune-maps and --tune-truth belong together");
        Need(!context.Given(_tuneMaps) || context.Get(_threshold) == "tuned", "--tune-maps needs --threshold tuned");

        static void Need(bool holds, string message)
        {
            if (!holds)
            {
                throw new DwarfException(ErrorKind.Usage, $"metrics: {message}");
            }
        }
    }

    private void Scores(VerbContext context, string scoresPath, string labelsPath)
    {
        F1Rule rule = context.Get(_protocol) == "medklip" ? F1Rule.Maximum : F1Rule.AtBestMcc;
        ClassificationResult result = ClassificationEvaluation.Evaluate(ScoreFiles.Load(scoresPath, labelsPath), rule);
        if (context.Json)
        {
            context.Out.Write(MetricsJson.Document(json =>
            {
                json.WriteString("protocol", context.Get(_protocol));
                MetricsJson.WriteTexts(json, "rules", [$"auc: {Protocol.Auc}", $"mcc: {Protocol.Mcc}", $"f1: {Protocol.OfF1(rule)}", $"macro: {Protocol.MacroMean}"]);
                json.WriteNumber("n", result.Macro.N);
                MetricsJson.WriteScores(json, result);
            }));
            return;
        }
        MetricsTable.Write(
            context.Out,
            ["finding", "n", "positive", "auc", "f1", "mcc", "threshold"],
            result.Rows.Append(result.Macro).Select(r => new object?[] { r.Finding, r.N, r.Positives, r.Auc, r.F1, r.Mcc, r.Threshold }));
        context.Error.WriteLine($"f1: {Protocol.OfF1(rule)}");
    }

    private static void Maps(VerbContext context, string mapsPath)
    {
        MapResult result = MapEvaluation.Evaluate(MapFiles.Load(mapsPath));
        if (context.Json)
        {
            context.Out.Write(MetricsJson.Document(json =>
            {
                MetricsJson.WriteTexts(json, "rules", [$"dice: {Protocol.Dice}", $"max_dice: {Protocol.MaxDice}", $"macro: {Protocol.MacroMean}"]);
                MetricsJson.WriteMaps(json, result);
            }));
            return;
        }
        MetricsTable.Write(
            context.Out,
            ["finding", "n", "dice", "max_dice", "threshold", "hit_rate"],
            result.Rows.Append(result.Macro).Select(r => new object?[] { r.Finding, r.N, r.Dice, r.MaxDice, r.MaxDiceThreshold, r.HitRate }));
    }

    private void Localise(VerbContext context, string mapsPath, string truthPath)
    {
        Localization localization = Start(context);
        LocalizationFiles.Add(localization, mapsPath, truthPath);
        IReadOnlyDictionary<string, double>? tuned = null;
        if (context.Get(_tuneMaps) is { } tuneMaps)
        {
            Localization tuning = Localization.ByTuning();
            LocalizationFiles.Add(tuning, tuneMaps, context.Get(_tuneTruth)!);
            tuned = tuning.Tune();
        }
        var bootstrap = new BootstrapOptions();
        IReadOnlyList<LocalizationRow> rows = localization.Rows(context.Get(_allImages), tuned, bootstrap);
        if (context.Json)
        {
            context.Out.Write(MetricsJson.Document(json =>
            {
                MetricsJson.WriteTexts(json, "rules", Rules(context, bootstrap));
                MetricsJson.WriteLocalization(json, rows);
            }));
            return;
        }
        MetricsTable.Write(
            context.Out,
            ["pathology", "threshold", "n", "miou", "hit_n", "hit_rate"],
            rows.Select(r => new object?[] { r.Pathology, r.Threshold, r.N, r.Miou, r.HitN, r.HitRate }));
    }

    private Localization Start(VerbContext context)
    {
        string threshold = context.Get(_threshold);
        if (threshold is "otsu" or "tuned")
        {
            return threshold == "otsu" ? Localization.ByOtsu() : Localization.ByTuning();
        }
        return double.TryParse(threshold, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? Localization.ByThreshold(value)
            : throw new DwarfException(ErrorKind.Usage, $"metrics: --threshold: expected otsu, tuned or a number, found '{threshold}'");
    }

    private IEnumerable<string> Rules(VerbContext context, BootstrapOptions bootstrap) =>
    [
        "map: bilinear to the truth's size (align_corners = false), then (x - min) / (max - min)",
        context.Get(_threshold) switch
        {
            "otsu" => "mask: Otsu's threshold on 256 steps, contours filled",
            "tuned" => $"mask: map > the threshold of 0.2, 0.3, ..., 0.8 with the highest mean IoU per pathology on {context.Get(_tuneMaps) ?? "the given maps"}",
            var number => $"mask: map > {number}",
        },
        context.Get(_allImages)
            ? "miou: mean over images where mask or truth is not empty"
            : "miou: mean over images where neither mask nor truth is empty",
        "hit_rate: share of images with the pathology whose highest map pixel (the first of equals) lies in the truth",
        Protocol.OfBootstrap(bootstrap),
    ];
}
