using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Where the rows of one operand of attention lie, so that heads need no permuted copy: element (batch, head, row, column) is at
/// Offset + batch·Batch + head·Head + row·Row + column.</summary>
/// <param name="Tensor">holds them</param>
/// <param name="Offset">elements before the first</param>
/// <param name="Batch">elements between batches</param>
/// <param name="Head">elements between heads</param>
/// <param name="Row">elements between rows</param>
public readonly unsafe record struct HeadRows(Tensor Tensor, long Offset, long Batch, long Head, long Row)
{
    /// <summary>Heads apart.</summary>
    /// <param name="x">[b, h, rows, d]</param>
    /// <returns>its layout</returns>
    public static HeadRows Split(Tensor x)
    {
        long d = x.Shape[3], rows = x.Shape[2];
        return new(x, 0, x.Shape[1] * rows * d, rows * d, d);
    }

    /// <summary>One of several projections that lie side by side.</summary>
    /// <param name="x">[b, rows, parts·h·d]</param>
    /// <param name="heads">h</param>
    /// <param name="part">which</param>
    /// <param name="parts">how many</param>
    /// <returns>its layout</returns>
    public static HeadRows Packed(Tensor x, long heads, int part, int parts)
    {
        long width = x.Shape[2] / parts;
        return new(x, part * width, x.Shape[1] * x.Shape[2], width / heads, x.Shape[2]);
    }

    /// <summary>Of the first element, on the device that holds it; 0 for no operand.</summary>
    internal nint Address => Tensor is null ? 0 : (nint)Tensor.Pointer + checked((nint)(Offset * Tensor.DType.Size()));

    internal T* At<T>(long batch, long head)
        where T : unmanaged
        => Tensor.Data<T>() + Offset + (batch * Batch) + (head * Head);
}

/// <summary>Inputs and attributes of one attention, whatever the layout.</summary>
public struct AttentionProblem
{
    /// <summary>Queries: [s, d] a head.</summary>
    public HeadRows Q;

    /// <summary>Keys: [t, d] a head.</summary>
    public HeadRows K;

    /// <summary>Values: [t, d] a head.</summary>
    public HeadRows V;

    /// <summary>bool [b, t], true = attend; null = all.</summary>
    public Tensor? KeyMask;

    /// <summary>b.</summary>
    public long Batches;

    /// <summary>h.</summary>
    public long Heads;

    /// <summary>s.</summary>
    public long Queries;

    /// <summary>t.</summary>
    public long Keys;

    /// <summary>d, of one head.</summary>
    public long Depth;

    /// <summary>Factor of the scores.</summary>
    public double Scale;

    /// <summary>Probability of dropping a weight.</summary>
    public double DropoutP;

    /// <summary>Key of the random numbers.</summary>
    public long Seed;

    /// <summary>Word of the first weight.</summary>
    public long Offset;

    /// <summary>Whether the map shows the weights after dropout.</summary>
    public bool MapAfterDropout;
}
