using Dwarf.Model;

namespace Dwarf.Training.Config;

/// <summary>The loss of the training stage.</summary>
public sealed record LossSection : ConfigSection
{
    /// <summary>Weight of Dice.</summary>
    [Key("weight of the Dice part; 1 - lambda goes to cross-entropy", Min = 0, Max = 1)]
    public double Lambda { get; init; } = 0.5;

    /// <summary>Weight of false positives.</summary>
    [Key("weight of false positives in Dice; 1 is plain Dice", Min = 0, Max = 1000)]
    public double WFp { get; init; } = 1;

    /// <summary>Smoothing.</summary>
    [Key("smoothing of Dice, in pixels or patches", Min = 0, Max = 1_000_000)]
    public double Alpha { get; init; } = 1;

    /// <summary>Guard against division by zero.</summary>
    [Key("keeps Dice from dividing by zero", Above = 0, Max = 1)]
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>Where map and mask meet.</summary>
    [Key("whether map and mask meet at pixels or at patches")]
    public LossGrid Grid { get; init; } = LossGrid.Pixels;

    /// <summary>Which images count.</summary>
    [Key("whether Dice averages over images that show the finding or over all")]
    public DiceOn DiceOn { get; init; } = DiceOn.Positives;
}

/// <summary>What both stages tell the optimiser.</summary>
public abstract record StageSection : ConfigSection
{
    /// <summary>Passes over the data.</summary>
    [Key("passes over the data; 0 leaves the stage out", Min = 0, Max = 1_000_000)]
    public int Epochs { get; init; }

    /// <summary>Images of a step.</summary>
    [Key("images of a step", Min = 1, Max = 65536)]
    public int BatchSize { get; init; } = 32;

    /// <summary>Gradient accumulation.</summary>
    [Key("passes that a step's images are shared out over: less memory, the same gradients; 1 takes them at once", Min = 1, Max = 65536)]
    public int Accumulate { get; init; } = 1;

    /// <summary>Peak learning rate.</summary>
    [Key("learning rate after the warm-up", Above = 0, Max = 10)]
    public double Lr { get; init; } = 5e-4;

    /// <summary>Last learning rate.</summary>
    [Key("learning rate that the cosine ends at", Min = 0, Max = 10)]
    public double MinLr { get; init; }

    /// <summary>Warm-up.</summary>
    [Key("steps of linear warm-up", Min = 0, Max = 1_000_000_000)]
    public int WarmupSteps { get; init; }

    /// <summary>Decay of matrices.</summary>
    [Key("decoupled weight decay of matrices; biases, norms and heads have none", Min = 0, Max = 10)]
    public double WeightDecay { get; init; } = 0.02;

    /// <summary>Gradient clipping.</summary>
    [Key("gradients longer than this are shortened to it; 0 leaves them alone", Min = 0)]
    public double ClipNorm { get; init; } = 1;

    /// <summary>Frozen parts.</summary>
    [Key("parts that stay as they are, by the beginnings of their names in weight files; * is any text, [0-5] a character, {0..11} a number, in quotes")]
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Activation checkpointing.</summary>
    [Key("whether blocks keep their inputs only and run again in backward: less memory, a third more work, the same bits")]
    public bool CheckpointActivations { get; init; }

    /// <summary>Layer-wise decay.</summary>
    [Key("learning rate of an encoder's block over that of the block after it; embeddings lowest; 1 for the same everywhere", Above = 0, Max = 1)]
    public double LayerDecay { get; init; } = 1;

    /// <summary>Average of weights.</summary>
    [Key("what the moving average of the weights keeps of itself in a step; evaluation and weight files use it; 0 for none", Min = 0, Below = 1)]
    public double Ema { get; init; }

    /// <summary>Validation.</summary>
    [Key("epochs between two validations; the last epoch always has one", Min = 1, Max = 1_000_000)]
    public int ValidateEvery { get; init; } = 1;
}

/// <summary>The stage before: multi-label cross-entropy over prompts and image-text contrast. Its best epoch on validation is kept.</summary>
public sealed record PretrainSection : StageSection
{
    /// <summary>Weight of the contrast.</summary>
    [Key("weight of the image-text contrast beside cross-entropy", Min = 0, Max = 100)]
    public double ContrastWeight { get; init; } = 0.3;

    /// <summary>Its labels.</summary>
    [Key("labels to learn, by their names in the CSV; the findings where empty")]
    public IReadOnlyList<string> Labels { get; init; } = [];
}

/// <summary>The training stage.</summary>
public sealed record TrainSection : StageSection
{
    /// <summary>Early end.</summary>
    [Key("steps after which the stage ends whatever the epochs say; 0 for no limit", Min = 0, Max = 1_000_000_000)]
    public int MaxSteps { get; init; }

    /// <summary>Learning rate of the heads.</summary>
    [Key("learning rate of the heads; that of the rest where empty", Above = 0, Max = 10)]
    public double? HeadLr { get; init; }

    /// <summary>Checkpoints.</summary>
    [Key("steps between two checkpoints; 0 for one at the end of each epoch", Min = 0, Max = 1_000_000_000)]
    public int CheckpointEvery { get; init; }
}

/// <summary>How the figures are made.</summary>
public sealed record EvalSection : ConfigSection
{
    /// <summary>Images at once.</summary>
    [Key("images evaluated at once; results do not depend on it", Min = 1, Max = 65536)]
    public int BatchSize { get; init; } = 64;

    /// <summary>Resamplings.</summary>
    [Key("resamplings over patients behind each interval; 0 for none", Min = 0, Max = 1_000_000)]
    public int Bootstrap { get; init; } = 1000;

    /// <summary>Pictures.</summary>
    [Key("images per finding drawn into the report", Min = 0, Max = 10_000)]
    public int Overlays { get; init; } = 4;
}
