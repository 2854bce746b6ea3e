using Dwarf.Training.Data;
using Dwarf.Training.Metrics;

namespace Dwarf.Training.Runs;

/// <summary>
/// One checkpoint's answers on the validation split and on the splits that are reported: asked once, used by every table and picture.
/// </summary>
public sealed class Checkpointed
{
    private readonly Workbench _bench;
    private readonly Dictionary<Split, Answer[][]> _all = [];
    private readonly Dictionary<Split, Answer[][]> _annotated = [];

    private Checkpointed(Workbench bench) => _bench = bench;

    /// <summary>Asks the network as it stands.</summary>
    /// <param name="bench">network and data</param>
    /// <param name="splits">validation is always asked too</param>
    /// <returns>the answers</returns>
    public static Checkpointed Of(Workbench bench, params IEnumerable<Split> splits)
    {
        var result = new Checkpointed(bench);
        foreach (var split in splits.Append(Split.Validation).Distinct())
        {
            result._all[split] = bench.Ask(bench.Data.Indices(split), maps: false);
            result._annotated[split] = bench.Ask(bench.Data.Indices(split, annotatedOnly: true), maps: true);
        }

        return result;
    }

    /// <summary>Classification of a split.</summary>
    /// <param name="split">which</param>
    /// <param name="bootstrap">null: no intervals</param>
    /// <returns>by finding and macro</returns>
    public ClassificationResult Score(Split split, BootstrapOptions? bootstrap) =>
        RunEvaluation.Score(_bench, split, _all[split], bootstrap);

    /// <summary>Maps of the annotated images of a split.</summary>
    /// <param name="split">which</param>
    /// <param name="refined">refined ones; else raw</param>
    /// <returns>one entry a finding</returns>
    public IReadOnlyList<FindingMaps> Maps(Split split, bool refined) =>
        RunEvaluation.Maps(_bench, _bench.Data.Indices(split, annotatedOnly: true), _annotated[split], refined);

    /// <summary>The answer to one finding on one annotated image.</summary>
    /// <param name="split">which</param>
    /// <param name="finding">its number</param>
    /// <param name="position">place among the annotated images of the split</param>
    /// <returns>probability and maps</returns>
    public Answer Annotated(Split split, int finding, int position) => _annotated[split][finding][position];
}
