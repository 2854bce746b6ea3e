using System.Text.Json;
using Dwarf.Training.Report;

namespace Dwarf.Training.Runs;

/// <summary>
/// What metrics.jsonl holds, as the report's charts and TensorBoard's scalars: read from the file, so that a resumed run has it whole.
/// </summary>
public sealed class RunHistory
{
    private readonly List<(string Tag, double Step, double Value)> _points = [];

    /// <summary>Reads a log.</summary>
    /// <param name="path">metrics.jsonl</param>
    public RunHistory(string path)
    {
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            string stage = root.GetProperty("stage").GetString()!;
            string split = root.TryGetProperty("split", out var s) ? s.GetString()! : "train";
            double step = root.GetProperty("step").GetDouble();
            string finding = root.TryGetProperty("finding", out var f) && f.ValueKind == JsonValueKind.String ? " " + f.GetString() : "";
            foreach (var property in root.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Number && property.Name is not ("epoch" or "step"))
                {
                    string tag = property.Name.StartsWith("loss", StringComparison.Ordinal) ? property.Name + finding : property.Name;
                    _points.Add(($"{stage}/{split}/{tag}", step, property.Value.GetDouble()));
                }
            }
        }
    }

    /// <summary>Every point: tag (stage/split/name), step, value.</summary>
    public IReadOnlyList<(string Tag, double Step, double Value)> Points => _points;

    /// <summary>The charts of the report.</summary>
    /// <param name="findings">the run's findings</param>
    /// <returns>loss by stage, validation AUC, Dice by finding</returns>
    public IReadOnlyList<LineChart> Charts(IReadOnlyList<string> findings)
    {
        var charts = new List<LineChart>();
        Add(charts, "Pre-training: loss", "loss", 0, null, ("loss", "pretrain/train/loss"), ("cross-entropy", "pretrain/train/loss_cls"));
        Add(charts, "Pre-training: AUC on validation", "AUC", 0.4, 1,
            [("macro", "pretrain/val/auc"), .. findings.Select(f => (f, $"pretrain/val/auc_{f.Replace(' ', '_')}"))]);
        Add(charts, "DWARF: 1 - Dice score, by the finding trained", "loss", 0, 1,
            [.. findings.Select(f => (f, $"dwarf/train/loss_seg {f}"))]);
        Add(charts, "DWARF: cross-entropy, by the finding trained", "loss", 0, null,
            [.. findings.Select(f => (f, $"dwarf/train/loss_cls {f}"))]);
        Add(charts, "DWARF: Dice of refined maps on validation, best threshold", "Dice", 0, 1,
            [("macro", "dwarf/val/max_dice"), .. findings.Select(f => (f, $"dwarf/val/max_dice_{f.Replace(' ', '_')}"))]);
        Add(charts, "DWARF: AUC on validation", "AUC", 0.4, 1, ("macro", "dwarf/val/auc"));
        Add(charts, "Classification: loss", "loss", 0, null, ("cross-entropy", "classification/train/loss"));
        Add(charts, "Classification: AUC on validation", "AUC", 0.4, 1, ("macro", "classification/val/auc"));
        return charts;
    }

    private void Add(List<LineChart> charts, string title, string y, double? low, double? high, params (string Name, string Tag)[] lines)
    {
        var series = lines
            .Select(l => new ChartSeries(l.Name, [.. _points.Where(p => p.Tag == l.Tag).Select(p => new ChartPoint(p.Step, p.Value))]))
            .Where(s => s.Points.Count > 0)
            .ToList();
        if (series.Count > 0)
        {
            charts.Add(new LineChart(title, "step", y, series) { YMin = low, YMax = high });
        }
    }
}
