using Engine.Tensors;

namespace Engine.Autograd.Operators;

/// <summary>What a loss over rows becomes.</summary>
public enum Reduction
{
    /// <summary>One number: the mean.</summary>
    Mean,

    /// <summary>One number: the sum, in double.</summary>
    Sum,

    /// <summary>A number for each row or element.</summary>
    None,
}

/// <summary>What the losses share: the attribute `reduction`, and the way from losses to the one that is recorded.</summary>
internal static class Loss
{
    public static readonly AttributeInfo ReductionAttribute = new("reduction", AttributeType.Choice, "mean", "mean", "sum", "none");

    public static Reduction ReductionOf(OperatorCall call) => call.Choice("reduction") switch
    {
        "mean" => Reduction.Mean,
        "sum" => Reduction.Sum,
        _ => Reduction.None,
    };

    /// <summary>What a reduction multiplies the sum of losses by.</summary>
    /// <param name="reduction">mean, sum or none</param>
    /// <param name="weight">for a mean: 1 / count</param>
    /// <returns>the weight, or 1</returns>
    public static double Scale(Reduction reduction, double weight) => reduction == Reduction.Mean ? weight : 1;

    /// <summary>The loss of a reduction; takes over the claim on <paramref name="losses"/>.</summary>
    /// <param name="tape">the tape</param>
    /// <param name="losses">one a row or element</param>
    /// <param name="reduction">mean, sum or none</param>
    /// <param name="weight">what a mean multiplies the sum by: 1 / count</param>
    /// <returns>the loss, and what backward multiplies each row's gradient by</returns>
    public static (Tensor Loss, double Scale) Reduce(Tape tape, Tensor losses, Reduction reduction, double weight)
    {
        if (reduction == Reduction.None)
        {
            return (losses, 1);
        }

        double scale = Scale(reduction, weight);
        var loss = tape.Empty([], losses.DType);
        Ops.SumInto(tape, losses, (1u << losses.Shape.Rank) - 1, scale, loss);
        tape.Release(losses);
        return (loss, scale);
    }
}
