using System.Runtime.CompilerServices;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>How two operands lie in a broadcast result: its axes with the distance each operand moves, neighbours merged.</summary>
/// <remarks>Equal shapes become one axis; [rows, d] with [d] becomes two. The last axis moves each operand by 0 or 1.</remarks>
public struct BroadcastPlan
{
    private Axes _sizes;
    private Axes _stridesA;
    private Axes _stridesB;

    /// <summary>Number of merged axes, at least 1.</summary>
    public int Rank { get; private set; }

    /// <summary>Size of the last merged axis: the length of one inner loop.</summary>
    public readonly long Inner => _sizes[Rank - 1];

    /// <summary>What the first operand moves by in the inner loop: 0 or 1.</summary>
    public readonly long InnerA => _stridesA[Rank - 1];

    /// <summary>What the second operand moves by in the inner loop: 0 or 1.</summary>
    public readonly long InnerB => _stridesB[Rank - 1];

    /// <summary>Plans a loop over <paramref name="result"/>.</summary>
    /// <param name="result">the broadcast shape</param>
    /// <param name="a">broadcasts to it</param>
    /// <param name="b">broadcasts to it</param>
    /// <param name="keepLast">the last axis stays by itself: a row of the result is one inner loop</param>
    /// <returns>the plan</returns>
    public static BroadcastPlan Of(Shape result, Shape a, Shape b, bool keepLast = false)
    {
        var plan = default(BroadcastPlan);
        long strideA = 1, strideB = 1;
        for (int back = 1; back <= result.Rank; back++)
        {
            long size = result[-back];
            long sizeA = back <= a.Rank ? a[-back] : 1, sizeB = back <= b.Rank ? b[-back] : 1;
            bool merge = !keepLast || back > 2, keep = keepLast && back == 1;
            plan.AddOuter(size, sizeA == 1 ? 0 : strideA, sizeB == 1 ? 0 : strideB, merge, keep);
            strideA *= sizeA;
            strideB *= sizeB;
        }

        if (plan.Rank == 0)
        {
            plan.AddOuter(1, 0, 0, merge: false, keep: true);
        }

        plan.Reverse();
        return plan;
    }

    /// <summary>Whether a shape broadcasts to another.</summary>
    /// <param name="shape">the smaller one</param>
    /// <param name="result">the larger one</param>
    /// <returns>true if each axis, from the last one, is 1, missing or equal</returns>
    public static bool Fits(Shape shape, Shape result)
    {
        if (shape.Rank > result.Rank)
        {
            return false;
        }

        for (int back = 1; back <= shape.Rank; back++)
        {
            if (shape[-back] != 1 && shape[-back] != result[-back])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Size of one merged axis.</summary>
    /// <param name="back">0 is the innermost one; beyond the outermost one the size is 1</param>
    /// <returns>the size</returns>
    public readonly long Size(int back) => back < Rank ? _sizes[Rank - 1 - back] : 1;

    /// <summary>What the first operand moves by along one merged axis.</summary>
    /// <param name="back">0 is the innermost one; beyond the outermost one it does not move</param>
    /// <returns>elements</returns>
    public readonly long StrideA(int back) => back < Rank ? _stridesA[Rank - 1 - back] : 0;

    /// <summary>What the second operand moves by along one merged axis.</summary>
    /// <param name="back">0 is the innermost one; beyond the outermost one it does not move</param>
    /// <returns>elements</returns>
    public readonly long StrideB(int back) => back < Rank ? _stridesB[Rank - 1 - back] : 0;

    /// <summary>Where an inner loop starts in both operands.</summary>
    /// <param name="row">index of the inner loop</param>
    /// <param name="a">offset in the first operand</param>
    /// <param name="b">offset in the second operand</param>
    public readonly void Offsets(long row, out long a, out long b)
    {
        a = 0;
        b = 0;
        for (int axis = Rank - 2; axis >= 0; axis--)
        {
            long index = row % _sizes[axis];
            row /= _sizes[axis];
            a += index * _stridesA[axis];
            b += index * _stridesB[axis];
        }
    }

    private void AddOuter(long size, long strideA, long strideB, bool merge, bool keep)
    {
        if (size == 1 && !keep)
        {
            return;
        }

        int last = Rank - 1;
        if (merge && last >= 0 && strideA == _stridesA[last] * _sizes[last] && strideB == _stridesB[last] * _sizes[last])
        {
            _sizes[last] *= size;
            return;
        }

        (_sizes[Rank], _stridesA[Rank], _stridesB[Rank]) = (size, strideA, strideB);
        Rank++;
    }

    private void Reverse()
    {
        for (int i = 0; i < Rank / 2; i++)
        {
            int j = Rank - 1 - i;
            (_sizes[i], _sizes[j]) = (_sizes[j], _sizes[i]);
            (_stridesA[i], _stridesA[j]) = (_stridesA[j], _stridesA[i]);
            (_stridesB[i], _stridesB[j]) = (_stridesB[j], _stridesB[i]);
        }
    }

    [InlineArray(Shape.MaxRank)]
    private struct Axes
    {
        private long _first;
    }
}
