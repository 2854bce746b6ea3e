using Dwarf.Training.Data;
using Dwarf.Training.Metrics;
using Dwarf.Training.Report;

namespace Dwarf.Training.Runs;

/// <summary>
/// The table of maps of one split: the run's own maps, what the pre-trained model showed, and the two controls. Each method's threshold
/// is chosen on the validation split by that method's own maps.
/// </summary>
public sealed class MapTable
{
    private readonly List<Entry> _methods = [];

    /// <summary>Adds a method.</summary>
    /// <param name="name">as the table shows it</param>
    /// <param name="kind">model or control</param>
    /// <param name="maps">its maps by split</param>
    /// <param name="thresholds">by finding; null: chosen on its own validation maps</param>
    public void Add(
        string name,
        MapMethodKind kind,
        Func<Split, IReadOnlyList<FindingMaps>> maps,
        IReadOnlyDictionary<string, double>? thresholds = null) =>
        _methods.Add(new Entry(name, kind, maps, thresholds ?? MapEvaluation.ChooseThresholds(maps(Split.Validation))));

    /// <summary>The thresholds of a method.</summary>
    /// <param name="index">in the order of adding</param>
    /// <returns>by finding</returns>
    public IReadOnlyDictionary<string, double> Thresholds(int index) => _methods[index].Thresholds;

    /// <summary>All methods on one split.</summary>
    /// <param name="split">which</param>
    /// <param name="bootstrap">null: no intervals</param>
    /// <returns>in the order of adding</returns>
    public IReadOnlyList<MapMethodResult> Evaluate(Split split, BootstrapOptions? bootstrap) =>
        [.. _methods.Select(m => new MapMethodResult(m.Name, m.Kind, MapEvaluation.Evaluate(m.Maps(split), m.Thresholds, bootstrap)))];

    private sealed record Entry(
        string Name, MapMethodKind Kind, Func<Split, IReadOnlyList<FindingMaps>> Maps, IReadOnlyDictionary<string, double> Thresholds);
}
