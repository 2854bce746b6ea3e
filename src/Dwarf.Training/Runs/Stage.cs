using Engine.Autograd;

namespace Dwarf.Training.Runs;

/// <summary>What one step of training gives; the values may still be on their way on a device.</summary>
/// <param name="Loss">what was minimised</param>
/// <param name="Classification">its cross-entropy part; null where there is none</param>
/// <param name="Segmentation">its Dice part, 1 - score; null where there is none</param>
/// <param name="Finding">the finding trained; null for all together</param>
public readonly record struct StepResult(Variable Loss, Variable? Classification, Variable? Segmentation, string? Finding)
{
    /// <summary>The numbers; waits for the device.</summary>
    /// <returns>total, cross-entropy part and Dice part</returns>
    public StepLosses Read() => new(Loss.Value.Item(), Classification?.Value.Item(), Segmentation?.Value.Item());
}

/// <summary>The losses of a step as numbers.</summary>
/// <param name="Loss">what was minimised</param>
/// <param name="Classification">its cross-entropy part; null where there is none</param>
/// <param name="Segmentation">its Dice part, 1 - score; null where there is none</param>
public readonly record struct StepLosses(double Loss, double? Classification, double? Segmentation);

/// <summary>What validation gave at the end of an epoch.</summary>
/// <param name="Metric">the number that chooses the best epoch, higher is better</param>
/// <param name="Values">what the log keeps, by name</param>
public sealed record Validation(double Metric, IReadOnlyList<(string Name, double? Value)> Values);

/// <summary>A stage of a run: pre-training, or a method's fine-tuning.</summary>
public interface IStage
{
    /// <summary>pretrain, dwarf, classification.</summary>
    string Name { get; }

    /// <summary>How it is optimised.</summary>
    StageOptions Options { get; }

    /// <summary>Steps of one epoch.</summary>
    int StepsPerEpoch { get; }

    /// <summary>How many passes a step is made of; the last step of an epoch may have fewer.</summary>
    /// <param name="step">within the epoch, from 0</param>
    /// <returns>at least 1</returns>
    int Passes(int step);

    /// <summary>
    /// Forward and backward of one pass of a step; gradients are left on, or added to, the parameters, nothing is updated. A device may record
    /// it instead of running it at once, so nothing of it is read here.
    /// </summary>
    /// <param name="epoch">from 0</param>
    /// <param name="step">within the epoch, from 0</param>
    /// <param name="pass">within the step, from 0</param>
    /// <returns>this pass's share of the losses: those of all passes add up to the step's</returns>
    StepResult Step(int epoch, int step, int pass);

    /// <summary>Validation at the end of an epoch.</summary>
    /// <param name="epoch">from 0</param>
    /// <param name="last">whether the stage ends with it</param>
    /// <returns>null where this epoch is not validated; never null for the last one</returns>
    Validation? Validate(int epoch, bool last);
}

/// <summary>How a stage is optimised.</summary>
public sealed record StageOptions
{
    /// <summary>Epochs to train.</summary>
    public required int Epochs { get; init; }

    /// <summary>Steps after which the stage ends whatever the epoch; 0: no such limit.</summary>
    public int MaxSteps { get; init; }

    /// <summary>Learning rate after warm-up.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Learning rate of refinement heads.</summary>
    public required double HeadLearningRate { get; init; }

    /// <summary>Share of the learning rate at the end of the cosine.</summary>
    public double MinLearningRate { get; init; }

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Decoupled weight decay of matrices.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Largest global gradient norm; 0: not clipped.</summary>
    public double ClipNorm { get; init; }

    /// <summary>Passes a step's images are shared out over, at most.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Parts that get no gradient, by their names or patterns of them.</summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Whether blocks keep their inputs only and run again in backward.</summary>
    public bool CheckpointActivations { get; init; }

    /// <summary>Learning rate of an encoder's block over that of the block after it.</summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>What the moving average of the weights keeps of itself in a step; 0: there is none.</summary>
    public double Ema { get; init; }

    /// <summary>Steps between states written to disk; 0: at ends of epochs only.</summary>
    public int CheckpointEvery { get; init; }
}
