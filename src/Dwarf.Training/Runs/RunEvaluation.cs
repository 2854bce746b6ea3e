using Dwarf.Training.Data;
using Dwarf.Training.Metrics;

namespace Dwarf.Training.Runs;

/// <summary>From a network's answers to the tables of metrics.json and the report.</summary>
public static class RunEvaluation
{
    /// <summary>Classification of one split against the CSV's labels; a finding that is no label there is left out.</summary>
    /// <param name="bench">data and findings</param>
    /// <param name="split">which images</param>
    /// <param name="answers">by finding, then image of the split</param>
    /// <param name="bootstrap">null: no intervals</param>
    /// <returns>AUC, F1, MCC by finding and macro</returns>
    public static ClassificationResult Score(Workbench bench, Split split, Answer[][] answers, BootstrapOptions? bootstrap)
    {
        var samples = bench.Data.Indices(split);
        var (scored, scores, labels) = (new List<string>(), new List<double[]>(), new List<bool[]>());
        for (int f = 0; f < bench.Findings.Count; f++)
        {
            int label = bench.Data.LabelOf(bench.Findings[f]);
            if (label >= 0)
            {
                scored.Add(bench.Findings[f]);
                scores.Add([.. answers[f].Select(a => a.Probability)]);
                labels.Add([.. samples.Select(i => bench.Data.Samples[i].Labels[label] == 1)]);
            }
        }

        var table = new ScoreTable(
            [.. samples.Select(i => bench.Data.Samples[i].FileName)],
            [.. samples.Select(i => bench.Data.Samples[i].PatientId)],
            scored,
            [.. scores],
            [.. labels]);
        return ClassificationEvaluation.Evaluate(table, F1Rule.AtBestMcc, bootstrap);
    }

    /// <summary>Maps of annotated images beside their truth.</summary>
    /// <param name="bench">data and findings</param>
    /// <param name="samples">annotated samples</param>
    /// <param name="answers">by finding, then sample</param>
    /// <param name="refined">refined maps; else the raw ones</param>
    /// <returns>one entry a finding</returns>
    public static IReadOnlyList<FindingMaps> Maps(Workbench bench, int[] samples, Answer[][] answers, bool refined) =>
    [
        .. bench.Findings.Select((finding, f) => new FindingMaps(finding,
        [
            .. samples.Select((index, i) =>
            {
                var sample = bench.Data.Samples[index];
                var answer = answers[f][i];
                float[] map = refined ? answer.RefinedMap ?? answer.RawMap : answer.RawMap;
                return new MapCase(sample.FileName, sample.PatientId, map, Truth(bench, sample, f));
            }),
        ])),
    ];

    /// <summary>The image-blind prior of each finding, from the training masks.</summary>
    /// <param name="bench">data and findings</param>
    /// <returns>null where no training image shows the finding</returns>
    public static IReadOnlyList<LocationPrior?> Priors(Workbench bench)
    {
        var samples = bench.Data.Indices(Split.Train, annotatedOnly: true);
        return
        [
            .. bench.Findings.Select((finding, f) =>
                LocationPrior.Fit(finding, [.. samples.Select(i => Truth(bench, bench.Data.Samples[i], f))])),
        ];
    }

    private static bool[] Truth(Workbench bench, ChestSample sample, int finding) => sample.Masks?[finding] is { } mask
        ? Array.ConvertAll(mask, m => m != 0)
        : new bool[bench.Data.Width * bench.Data.Height];
}
