using System.Globalization;
using Dwarf.Model.Weights;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Dwarf.Training.Metrics;
using Dwarf.Training.Report;

namespace Dwarf.Training.Runs;

/// <summary>The end of a run: evaluates the best checkpoint, draws, writes events, report and, last, metrics.json.</summary>
public static class RunResult
{
    /// <summary>Writes everything that a finished run holds.</summary>
    /// <param name="bench">network with its best weights, and the data</param>
    /// <param name="folder">where it goes</param>
    /// <param name="monitor">told of the result</param>
    /// <param name="clock">seconds since 1970, for TensorBoard alone</param>
    public static void Write(Workbench bench, RunFolder folder, IRunMonitor monitor, Func<double> clock)
    {
        monitor.Stage("evaluating", 0);
        MachineMemory.Settle();
        var own = Checkpointed.Of(bench, Split.Test);
        string pretrainedPath = folder.Checkpoint("pretrained.safetensors");
        Checkpointed? pretrained = null;
        if (bench.Config.Method != Method.Pretrained && File.Exists(pretrainedPath))
        {
            WeightsFile.LoadInto(pretrainedPath, bench.Network);
            MachineMemory.Settle();
            pretrained = Checkpointed.Of(bench, Split.Test);
        }

        var tables = new RunTables(bench, own, pretrained);
        SplitReport[] splits = [tables.Of(Split.Test), tables.Of(Split.Validation)];
        bench.Stop.ThrowIfCancellationRequested();
        var figures = Pictures.Draw(bench, own, tables.OwnThresholds, folder.Overlays);
        var history = new RunHistory(folder.MetricsLog);

        // An evaluation that was interrupted may have left its own.
        foreach (string events in Directory.EnumerateFiles(folder.Path, "events.out.tfevents.*"))
        {
            File.Delete(events);
        }

        using (var writer = EventWriter.Create(folder.Path, clock))
        {
            foreach (var (tag, step, value) in history.Points)
            {
                writer.Scalar(tag, value, (long)step);
            }
        }

        var report = Report(bench, folder, tables, splits, figures, history);
        ReportHtml.Write(folder.Report, report);
        MetricsJson.Write(folder.Metrics, report);
        foreach (string line in Lines(splits[0]))
        {
            monitor.Note(line);
        }

        monitor.Note($"report: {folder.Report}");
    }

    private static ReportModel Report(
        Workbench bench, RunFolder folder, RunTables tables, SplitReport[] splits, IReadOnlyList<OverlayFigure> figures, RunHistory history)
    {
        var config = bench.Config;
        string name = Path.GetFileNameWithoutExtension(config.Source);
        string source = config.Data.Kind == DataKind.Phantom ? "synthetic chests whose truth is known" : "real chest X-rays";
        return new ReportModel
        {
            Title = name,
            Subtitle = $"{tables.MethodName} on {source}: {string.Join(", ", bench.Findings)}",
            Summary =
            [
                new("method", config.Method.ToString().ToLowerInvariant()),
                new("findings", string.Join(", ", bench.Findings)),
                new("seed", FormattableString.Invariant($"{config.Seed}")),
                new("parameters", FormattableString.Invariant($"{bench.Network.Parameters.ScalarCount:N0}")),
                new("image", FormattableString.Invariant($"{bench.Data.Width}x{bench.Data.Height}, patch {config.Model.Image.Patch}")),
                new("preprocessing", bench.Preprocessing.Split(": ", 2)[1]),
                new("pre-training", FormattableString.Invariant($"{config.Pretrain.Epochs} epochs, batch {config.Pretrain.BatchSize}")),
                new("training", FormattableString.Invariant($"{config.Train.Epochs} epochs, batch {config.Train.BatchSize}")),
                new("loss", FormattableString.Invariant(
                    $"lambda {config.Loss.Lambda}, w_fp {config.Loss.WFp}, {config.Loss.Grid.ToString().ToLowerInvariant()}")),
            ],
            ConfigYaml = File.ReadAllText(folder.Config),
            Charts = history.Charts(bench.Findings),
            Splits = splits,
            HeadlineSplit = RunTables.Name(Split.Test),
            Overlays = figures,
            Protocol = Protocol.Sentences(F1Rule.AtBestMcc, tables.Bootstrap),
            Caveats = Caveats(bench),
        };
    }

    private static List<string> Caveats(Workbench bench)
    {
        var caveats = new List<string>();
        var samples = bench.Data.Indices(Split.Test, annotatedOnly: true);
        int[] shown = [.. bench.Findings.Select((_, f) => samples.Count(i => bench.Data.Samples[i].Shows(f)))];
        if (shown.Any(n => n < 20))
        {
            caveats.Add("Few annotated test images show a finding ("
                + string.Join(", ", bench.Findings.Select((f, i) => FormattableString.Invariant($"{f} {shown[i]}")))
                + "): no claim about maps rests on them. The phantom run, whose truth is known, is where maps are judged.");
        }

        if (bench.Config.Data.Kind == DataKind.Folder)
        {
            caveats.Add("AUC uses the labels of the CSV (NIH's, mined from reports); DWARF's cross-entropy uses the radiologists' outlines."
                + " The two disagree.");
        }

        return caveats;
    }

    /// <summary>The result in a line a method; a number that the data cannot give is a hyphen.</summary>
    /// <param name="split">the split</param>
    /// <returns>the lines</returns>
    public static IEnumerable<string> Lines(SplitReport split)
    {
        foreach (var score in split.Scores)
        {
            yield return $"{split.Split}: {score.Method}: macro AUC {Number(score.Result.Macro.Auc, "F3")} ("
                + string.Join(", ", score.Result.Rows.Select(r => $"{r.Finding} {Number(r.Auc, "F2")}")) + ")";
        }

        foreach (var map in split.Maps)
        {
            yield return $"{split.Split}: {map.Method}: Dice at validation threshold {Number(map.Result.Macro.DiceAtChosen, "F3")} ("
                + string.Join(", ", map.Result.Rows.Select(r => $"{r.Finding} {Number(r.DiceAtChosen, "F2")}, n {Number(r.N, "F0")}")) + ")";
        }
    }

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
