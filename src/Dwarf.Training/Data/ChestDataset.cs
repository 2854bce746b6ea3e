using Engine.Tensors;

namespace Dwarf.Training.Data;

/// <summary>
/// Chest pictures in memory, all of one size, with labels for all and outlines for some. Two kinds of labels live side by side and may
/// disagree: those of the CSV (<see cref="ChestSample.Labels"/>, for pre-training and its AUC) and those that follow from the outlines
/// (<see cref="ChestSample.Shows"/>, for DWARF).
/// </summary>
public sealed class ChestDataset
{
    /// <summary>Puts a data set together, from files or made up.</summary>
    /// <param name="width">of every picture</param>
    /// <param name="height">of every picture</param>
    /// <param name="labelNames">what the samples' labels mean</param>
    /// <param name="findings">what the samples' masks mean</param>
    /// <param name="samples">the pictures</param>
    public ChestDataset(
        int width, int height, IReadOnlyList<string> labelNames, IReadOnlyList<string> findings, IReadOnlyList<ChestSample> samples)
    {
        foreach (ChestSample sample in samples)
        {
            bool fits = sample.Pixels.Length == width * height && sample.Labels.Length == labelNames.Count
                && (sample.Masks is null
                    || (sample.Masks.Length == findings.Count && sample.Masks.All(mask => mask is null || mask.Length == width * height)));
            if (!fits)
            {
                throw new ArgumentException(
                    $"{sample.FileName} does not fit {width}x{height}, {labelNames.Count} labels and {findings.Count} findings");
            }
        }

        (Width, Height, LabelNames, Findings, Samples) = (width, height, labelNames, findings, samples);
    }

    /// <summary>Width of every picture.</summary>
    public int Width { get; }

    /// <summary>Height of every picture.</summary>
    public int Height { get; }

    /// <summary>What <see cref="ChestSample.Labels"/> mean; words are separated by spaces, as the findings' are.</summary>
    public IReadOnlyList<string> LabelNames { get; }

    /// <summary>What <see cref="ChestSample.Masks"/> mean.</summary>
    public IReadOnlyList<string> Findings { get; }

    /// <summary>All pictures, in the order of the CSV.</summary>
    public IReadOnlyList<ChestSample> Samples { get; }

    /// <summary>Reads a data set from files.</summary>
    /// <param name="source">where and how</param>
    /// <exception cref="DwarfException">a file is not there (missing input) or anything in it is wrong (content)</exception>
    public static ChestDataset Load(ChestSource source) => new ChestLoader(source, DataFaults.StopAtFirst()).Load()!;

    /// <summary>
    /// The number of a label, or -1, by either spelling: `Pleural Thickening`, as ChestX-Det has it, or NIH's `Pleural_Thickening`.
    /// </summary>
    public int LabelOf(string finding)
    {
        string name = NihLabels.NameOf(finding);
        for (int i = 0; i < LabelNames.Count; i++)
        {
            if (LabelNames[i] == name)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The numbers of the samples of one split, in order.</summary>
    /// <param name="split">which</param>
    /// <param name="annotatedOnly">only pictures with outlines: the set of every single finding</param>
    public int[] Indices(Split split, bool annotatedOnly = false) =>
    [
        .. Enumerable.Range(0, Samples.Count).Where(i => Samples[i].Split == split && (Samples[i].Annotated || !annotatedOnly)),
    ];
}
