using Engine.Kernels.Operators;

namespace Dwarf.Model;

/// <summary>Where a refinement head works.</summary>
public enum HeadSpace
{
    /// <summary>On the logits of the scaled map; the map people see is the sigmoid of the result.</summary>
    Logit,

    /// <summary>On the scaled map itself; the result is clamped to [0, 1].</summary>
    Linear,
}

/// <summary>How a raw attention map becomes the map that people see.</summary>
public sealed record MapConfig
{
    /// <summary>What a map is divided by.</summary>
    public MapScale Scale { get; init; } = MapScale.Max;

    /// <summary>Where the head works.</summary>
    public HeadSpace Space { get; init; } = HeadSpace.Logit;
}

/// <summary>The grid on which maps and masks are compared.</summary>
public enum LossGrid
{
    /// <summary>The mask's pixels: the map is resized bilinearly, so no small finding vanishes.</summary>
    Pixels,

    /// <summary>The map's patches: the mask is averaged over each.</summary>
    Patches,
}

/// <summary>Which rows count in the Dice loss.</summary>
public enum DiceOn
{
    /// <summary>Those labelled yes.</summary>
    Positives,

    /// <summary>All that have a label.</summary>
    All,
}

/// <summary>The loss λ · (1 − Dice score) + (1 − λ) · cross-entropy.</summary>
public sealed record LossConfig
{
    /// <summary>Weight λ of the Dice part, 0 to 1.</summary>
    public double Lambda { get; init; } = 0.5;

    /// <summary>Weight of false positives in the Dice score; 1 is plain Dice.</summary>
    public double WFp { get; init; } = 1;

    /// <summary>Smoothing α of the Dice score.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>The Dice score's ε.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>The grid of the Dice part.</summary>
    public LossGrid Grid { get; init; } = LossGrid.Pixels;

    /// <summary>The rows of the Dice part.</summary>
    public DiceOn DiceOn { get; init; } = DiceOn.Positives;
}
