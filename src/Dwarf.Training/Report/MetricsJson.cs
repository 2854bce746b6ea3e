using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dwarf.Training.Metrics;
using Engine.Tensors;

namespace Dwarf.Training.Report;

/// <summary>
/// Writes metrics.json. At the top stand the headline split's numbers, under `splits` those of every split: `n` (images),
/// `patients`, and `auc`, `f1`, `mcc`, `dice`, `max_dice`, `dice_at_validation_threshold`, `hit_rate`, each with `macro` and
/// `per_finding`. `beside` holds the same for the methods that stand beside the run's own. No value is null.
/// </summary>
public static class MetricsJson
{
    private static readonly JsonWriterOptions s_style = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the file atomically.</summary>
    public static void Write(string path, ReportModel model) => AtomicFile.WriteText(path, ToText(model));

    /// <summary>The file's content.</summary>
    /// <exception cref="DwarfException">the headline split is not among the splits</exception>
    public static string ToText(ReportModel model)
    {
        var headline = model.Splits.FirstOrDefault(s => s.Split == model.HeadlineSplit) ?? throw new DwarfException(
            ErrorKind.Internal, $"report: headline split '{model.HeadlineSplit}' is not among {string.Join(", ", model.Splits.Select(s => s.Split))}");
        return Document(json =>
        {
            json.WriteString("title", model.Title);
            WriteSplit(json, headline);
            json.WriteStartObject("splits");
            foreach (var split in model.Splits)
            {
                json.WriteStartObject(split.Split);
                WriteSplit(json, split);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            WriteTexts(json, "protocol", model.Protocol);
            WriteTexts(json, "caveats", model.Caveats);
        });
    }

    /// <summary>A JSON object as text, its members written by the caller.</summary>
    public static string Document(Action<Utf8JsonWriter> writeMembers)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, s_style))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    /// <summary>Writes the localisation part of an open object: miou, hit_rate and their intervals.</summary>
    public static void WriteLocalization(Utf8JsonWriter json, IReadOnlyList<LocalizationRow> rows)
    {
        WriteMetric(json, "miou", Macro.Mean(rows.Select(r => r.Miou)), rows.Select(r => (r.Pathology, r.Miou)));
        WriteMetric(json, "hit_rate", Macro.Mean(rows.Select(r => r.HitRate)), rows.Select(r => (r.Pathology, r.HitRate)));
        WriteIntervals(json, "miou_interval", rows.Select(r => (r.Pathology, r.MiouInterval)));
        WriteIntervals(json, "hit_rate_interval", rows.Select(r => (r.Pathology, r.HitInterval)));
        WritePerFinding(json, "threshold", rows.Select(r => (r.Pathology, r.Threshold)));
        WritePerFinding(json, "n", rows.Select(r => (r.Pathology, (double?)r.N)));
        WritePerFinding(json, "hit_n", rows.Select(r => (r.Pathology, (double?)r.HitN)));
    }

    /// <summary>Writes the classification part of an open object: auc, f1, mcc, threshold, positives.</summary>
    public static void WriteScores(Utf8JsonWriter json, ClassificationResult result)
    {
        WriteMetric(json, "auc", result.Macro.Auc, result.Rows.Select(r => (r.Finding, r.Auc)));
        if (result.Rows.Any(r => r.AucInterval is not null))
        {
            json.WriteStartObject("auc_interval");
            WriteInterval(json, "macro", result.Macro.AucInterval);
            WriteIntervals(json, "per_finding", result.Rows.Select(r => (r.Finding, r.AucInterval)));
            json.WriteEndObject();
        }

        WriteMetric(json, "f1", result.Macro.F1, result.Rows.Select(r => (r.Finding, r.F1)));
        WriteMetric(json, "mcc", result.Macro.Mcc, result.Rows.Select(r => (r.Finding, r.Mcc)));
        WritePerFinding(json, "threshold", result.Rows.Select(r => (r.Finding, r.Threshold)));
        WritePerFinding(json, "positives", result.Rows.Select(r => (r.Finding, (double?)r.Positives)));
    }

    /// <summary>Writes the map part of an open object: dice, max_dice and the rest.</summary>
    public static void WriteMaps(Utf8JsonWriter json, MapResult result)
    {
        WriteMetric(json, "dice", result.Macro.Dice, result.Rows.Select(r => (r.Finding, r.Dice)));
        WriteMetric(json, "max_dice", result.Macro.MaxDice, result.Rows.Select(r => (r.Finding, r.MaxDice)));
        WritePerFinding(json, "max_dice_threshold", result.Rows.Select(r => (r.Finding, r.MaxDiceThreshold)));
        if (result.Rows.Any(r => r.ChosenThreshold is not null))
        {
            WriteMetric(json, "dice_at_validation_threshold", result.Macro.DiceAtChosen, result.Rows.Select(r => (r.Finding, r.DiceAtChosen)));
            WritePerFinding(json, "validation_threshold", result.Rows.Select(r => (r.Finding, r.ChosenThreshold)));
        }

        WriteMetric(json, "hit_rate", result.Macro.HitRate, result.Rows.Select(r => (r.Finding, r.HitRate)));
        WritePerFinding(json, "images_with_mask", result.Rows.Select(r => (r.Finding, (double?)r.N)));
    }

    private static void WriteSplit(Utf8JsonWriter json, SplitReport split)
    {
        json.WriteString("split", split.Split);
        json.WriteNumber("n", split.Images);
        json.WriteNumber("patients", split.Patients);
        if (split.Scores.Count > 0)
        {
            json.WriteString("labels", split.Scores[0].Labels);
            WriteScores(json, split.Scores[0].Result);
        }

        if (split.Maps.Count > 0)
        {
            json.WriteString("maps", split.Maps[0].Method);
            WriteMaps(json, split.Maps[0].Result);
        }

        json.WriteStartObject("beside");
        foreach (var scores in split.Scores.Skip(1))
        {
            json.WriteStartObject($"{scores.Method} ({scores.Labels} labels)");
            WriteScores(json, scores.Result);
            json.WriteEndObject();
        }

        foreach (var maps in split.Maps.Skip(1))
        {
            json.WriteStartObject(maps.Method);
            WriteMaps(json, maps.Result);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>A metric with its macro mean and its values per finding.</summary>
    public static void WriteMetric(Utf8JsonWriter json, string name, double? macro, IEnumerable<(string Finding, double? Value)> values)
    {
        json.WriteStartObject(name);
        WriteNumber(json, "macro", macro);
        WritePerFinding(json, "per_finding", values);
        json.WriteEndObject();
    }

    private static void WritePerFinding(Utf8JsonWriter json, string name, IEnumerable<(string Finding, double? Value)> values)
    {
        json.WriteStartObject(name);
        foreach (var (finding, value) in values)
        {
            WriteNumber(json, finding, value);
        }

        json.WriteEndObject();
    }

    private static void WriteIntervals(Utf8JsonWriter json, string name, IEnumerable<(string Finding, Interval? Interval)> intervals)
    {
        json.WriteStartObject(name);
        foreach (var (finding, interval) in intervals)
        {
            WriteInterval(json, finding, interval);
        }

        json.WriteEndObject();
    }

    private static void WriteInterval(Utf8JsonWriter json, string name, Interval? interval)
    {
        if (interval is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        WriteNumber(json, "low", interval.Low);
        WriteNumber(json, "high", interval.High);
        WriteNumber(json, "level", interval.Level);
        json.WriteNumber("resamples", interval.Resamples);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
        }
        else if (double.IsFinite(value.Value))
        {
            json.WriteNumber(name, value.Value);
        }
        else
        {
            // The metrics refuse NaN before it gets here; should one slip through, a null would hide it.
            throw new DwarfException(ErrorKind.Internal, $"metrics: {name} is not a finite number");
        }
    }

    /// <summary>A list of sentences.</summary>
    public static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
