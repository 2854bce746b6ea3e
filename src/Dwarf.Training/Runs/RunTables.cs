using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Dwarf.Training.Metrics;
using Dwarf.Training.Report;

namespace Dwarf.Training.Runs;

/// <summary>The tables of a run: the checkpoint's own numbers first, the pre-trained model's and both controls beside them.</summary>
public sealed class RunTables
{
    private readonly Workbench _bench;
    private readonly Checkpointed _own;
    private readonly Checkpointed? _pretrained;
    private readonly MapTable _maps = new();

    /// <summary>Creates the tables.</summary>
    /// <param name="bench">data and findings</param>
    /// <param name="own">the checkpoint that is reported</param>
    /// <param name="pretrained">the start of its fine-tuning; null where there was none</param>
    public RunTables(Workbench bench, Checkpointed own, Checkpointed? pretrained)
    {
        (_bench, _own, _pretrained) = (bench, own, pretrained);
        bool refined = bench.Config.Method == Method.Dwarf;
        Bootstrap = bench.Config.Eval.Bootstrap > 0 ? new BootstrapOptions((ulong)bench.Config.Seed, bench.Config.Eval.Bootstrap) : null;
        MethodName = bench.Config.Method switch
        {
            Method.Dwarf => "DWARF",
            Method.Classification => "Classification",
            _ => "Pre-trained",
        };
        _maps.Add(refined ? "DWARF, refined map" : MethodName + ", raw map", MapMethodKind.Model, split => own.Maps(split, refined));
        if (refined)
        {
            _maps.Add("DWARF, raw map", MapMethodKind.Model, split => own.Maps(split, false));
        }

        if (pretrained is not null)
        {
            _maps.Add("Pre-trained, raw map", MapMethodKind.Model, split => pretrained.Maps(split, false));
        }

        var priors = RunEvaluation.Priors(bench);
        _maps.Add(
            "Location prior (ignores the image)",
            MapMethodKind.Control,
            split => [.. own.Maps(split, refined).Select((m, f) => priors[f]?.Replace(m) ?? m with { Cases = [] })]);

        // The same maps and thresholds, each on another image's truth: what is left of the Dice was not read from the image.
        _maps.Add(
            "Shuffled images (control)",
            MapMethodKind.Control,
            split => [.. own.Maps(split, refined).Select((m, f) => ShuffledImages.Apply(m, (ulong)(bench.Config.Seed + f)))],
            _maps.Thresholds(0));
    }

    /// <summary>The run's method, as tables name it.</summary>
    public string MethodName { get; }

    /// <summary>How intervals are made; null: none.</summary>
    public BootstrapOptions? Bootstrap { get; }

    /// <summary>The threshold of the run's own maps, by finding.</summary>
    public IReadOnlyDictionary<string, double> OwnThresholds => _maps.Thresholds(0);

    /// <summary>All numbers of one split.</summary>
    /// <param name="split">which</param>
    /// <returns>scores and maps, the run's own first</returns>
    public SplitReport Of(Split split)
    {
        _bench.Stop.ThrowIfCancellationRequested();
        var samples = _bench.Data.Indices(split);
        string labels = _bench.Config.Data.Kind == DataKind.Phantom ? "phantom" : "NIH";
        var scores = new List<ScoreResult> { new(MethodName, labels, _own.Score(split, Bootstrap)) };
        if (_pretrained is not null)
        {
            scores.Add(new ScoreResult("Pre-trained", labels, _pretrained.Score(split, Bootstrap)));
        }

        return new SplitReport(Name(split), samples.Length, samples.Select(i => _bench.Data.Samples[i].PatientId).Distinct().Count())
        {
            Scores = scores,
            Maps = _maps.Evaluate(split, Bootstrap),
        };
    }

    /// <summary>A split's name in files: train, val, test.</summary>
    /// <param name="split">which</param>
    /// <returns>the name</returns>
    public static string Name(Split split) => split == Split.Validation ? "val" : split.ToString().ToLowerInvariant();
}
