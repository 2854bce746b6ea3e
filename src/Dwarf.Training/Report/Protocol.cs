using System.Globalization;
using Dwarf.Training.Metrics;

namespace Dwarf.Training.Report;

/// <summary>The rules behind the numbers, in the words that the report and metrics.json share.</summary>
public static class Protocol
{
    /// <summary>AUC's rule.</summary>
    public const string Auc = "area under the ROC curve by midranks; no value where a finding has only one class";

    /// <summary>MCC's rule.</summary>
    public const string Mcc = "highest Matthews correlation over all score thresholds t on the split itself (yes where score >= t, the lowest such t); "
        + "0 where a margin of the table is empty";

    /// <summary>F1's rule under KAD's protocol.</summary>
    public const string F1AtMcc = "F1 at the threshold of the highest MCC";

    /// <summary>F1's rule under MedKLIP's protocol.</summary>
    public const string F1Maximum = "F1's own maximum over all score thresholds";

    /// <summary>Dice's rule.</summary>
    public const string Dice = "mean over images that show the finding of Dice at map > 0.5";

    /// <summary>The rule of the best Dice.</summary>
    public const string MaxDice = "the best over thresholds 0, 0.01, ..., 1 (strict >, one per finding, chosen on the split itself) of the mean Dice";

    /// <summary>The rule of the chosen Dice.</summary>
    public const string DiceAtChosen = "mean Dice at each map's own threshold per finding, chosen on the validation split alone";

    /// <summary>The rule of the macro mean.</summary>
    public const string MacroMean = "mean over the findings that have a value";

    /// <summary>The sentences of the report's protocol block.</summary>
    /// <param name="rule">where F1 was read off</param>
    /// <param name="bootstrap">null: no intervals are shown</param>
    public static IReadOnlyList<string> Sentences(F1Rule rule, BootstrapOptions? bootstrap)
    {
        List<string> sentences =
        [
            $"AUC: {Auc}.",
            $"MCC: {Mcc}.",
            $"F1: {OfF1(rule)}.",
            $"Dice at 0.5: {Dice}.",
            $"Dice at validation threshold: {DiceAtChosen}.",
            $"Max Dice: {MaxDice}. It knows the answers of its split, so it bounds what a threshold can do and is no result.",
            "Pointing: share of images that show the finding whose highest map pixel lies inside the truth.",
            "Location prior: the mean training mask of the finding. It never sees the image: a map is worth something only where it beats the prior.",
            "Shuffled images: each truth meets the map of another image that shows the finding. What is left was not read from the image.",
            $"Macro: {MacroMean}.",
        ];
        if (bootstrap is not null)
        {
            sentences.Add(OfBootstrap(bootstrap));
        }

        return sentences;
    }

    /// <summary>The rule of F1 as text.</summary>
    public static string OfF1(F1Rule rule) => rule == F1Rule.Maximum ? F1Maximum : F1AtMcc;

    /// <summary>The bootstrap as a sentence.</summary>
    public static string OfBootstrap(BootstrapOptions bootstrap) => string.Create(
        CultureInfo.InvariantCulture,
        $"Intervals: percentiles {(1 - bootstrap.Level) * 50:0.##} and {(1 + bootstrap.Level) * 50:0.##} of {bootstrap.Resamples} bootstrap resamples over patients (seed {bootstrap.Seed}).");
}
