using System.Globalization;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>What one stage takes of memory, in bytes.</summary>
/// <param name="Name">pretrain, dwarf, classification</param>
/// <param name="Batch">images of one pass: the batch, or its share where a step has several passes</param>
/// <param name="TrainedScalars">parameters that get a gradient</param>
/// <param name="FrozenScalars">parameters that do not: they cost their weights alone</param>
/// <param name="Gradients">of the trained ones</param>
/// <param name="Moments">both of AdamW, of the trained ones</param>
/// <param name="Activations">all that a step makes, at its peak</param>
/// <param name="LargestBatch">the largest `batch_size` that would fit; 0: none does</param>
public sealed record StageMemory(
    string Name, int Batch, long TrainedScalars, long FrozenScalars, long Gradients, long Moments, long Activations, long LargestBatch);

/// <summary>What a run will take of memory at its peak, in bytes: found by running its steps without computing anything.</summary>
/// <param name="Weights">of the network</param>
/// <param name="Stages">one after the other; each gives the memory of its steps and its moments back at its end</param>
/// <param name="Gradients">of all parameters that any stage trains</param>
/// <param name="Moments">of the stage that needs most, its moving average of the weights included</param>
/// <param name="Activations">of the stage that needs most, or of an evaluation batch and the maps that are there already</param>
/// <param name="Scratch">of matrix products</param>
/// <param name="Evaluation">of an evaluation batch</param>
/// <param name="Answers">maps that the evaluation holds</param>
/// <param name="Data">pictures and masks, inside the runtime's figure</param>
/// <param name="Runtime">what the process took when this was planned, data and all, and what the runtime adds once it works</param>
/// <param name="Available">what the machine or the container has for this process</param>
public sealed record MemoryPlan(
    long Weights,
    IReadOnlyList<StageMemory> Stages,
    long Gradients,
    long Moments,
    long Activations,
    long Scratch,
    long Evaluation,
    long Answers,
    long Data,
    long Runtime,
    long Available)
{
    /// <summary>The peak.</summary>
    public long Total => Weights + Gradients + Moments + Activations + Scratch + Runtime;

    /// <summary>The plan in words.</summary>
    public IEnumerable<string> Lines
    {
        get
        {
            yield return $"memory plan: {Text(Total)} at the peak of {Text(Available)} available: weights {Text(Weights)}, gradients {Text(Gradients)}, "
                + $"moments {Text(Moments)}, activations {Text(Activations)}, runtime and data {Text(Runtime + Scratch)}";
            foreach (var stage in Stages)
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {stage.Name}, {stage.Batch} images a pass: {stage.TrainedScalars:N0} scalars trained, {stage.FrozenScalars:N0} frozen; ")
                    + $"gradients {Text(stage.Gradients)}, moments {Text(stage.Moments)}, activations {Text(stage.Activations)}; "
                    + FormattableString.Invariant($"largest batch that fits: {stage.LargestBatch:N0}");
            }

            yield return $"  an evaluation batch: {Text(Evaluation)}, maps {Text(Answers)}; data set: {Text(Data)}";
        }
    }

    /// <summary>Refuses a run that does not fit.</summary>
    /// <param name="onHost">whether tensors lie in the machine's own memory; a device's is not planned against</param>
    /// <exception cref="DwarfException">more than there is (unavailable)</exception>
    public void Require(bool onHost)
    {
        if (onHost && Total > Available)
        {
            string fits = string.Join(", ", Stages.Select(s => FormattableString.Invariant(
                $"{(s.Name == "pretrain" ? "pretrain" : "train")}.batch_size {(s.LargestBatch > 0 ? $"up to {s.LargestBatch} fits" : "1 does not fit either")}")));
            throw new DwarfException(
                ErrorKind.Unavailable,
                $"memory: this run needs {Text(Total)} and {Text(Available)} are available; {fits}; "
                + "checkpoint_activations, accumulate, freeze and eval.batch_size save memory too");
        }
    }

    private static string Text(long bytes) => bytes >= 10_000_000_000
        ? FormattableString.Invariant($"{bytes / 1e9:F1} GB")
        : FormattableString.Invariant($"{bytes / 1e6:N0} MB");
}
