using System.Runtime.CompilerServices;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>A reduction as alternating kept and reduced axes, neighbours merged; the innermost one decides the loop.</summary>
public struct ReducePlan
{
    private AxisSizes _sizes;
    private int _rank;
    private bool _innerReduced;

    /// <summary>Whether the innermost axis is summed: y[k] = Σ x[k, :]; otherwise rows are added: y[:] = Σ over r of x[r, :].</summary>
    public readonly bool InnerReduced => _innerReduced;

    /// <summary>Size of the innermost axis.</summary>
    public readonly long Inner => _sizes[0];

    /// <summary>Number of merged axes, at least 1.</summary>
    public readonly int Axes => _rank;

    /// <summary>Combinations of the kept axes outside the innermost one.</summary>
    public long OuterKept { get; private set; }

    /// <summary>Combinations of the reduced axes outside the innermost one.</summary>
    public long OuterReduced { get; private set; }

    /// <summary>Plans a reduction.</summary>
    /// <param name="shape">of the input</param>
    /// <param name="reduced">bit i: axis i is summed</param>
    /// <returns>the plan</returns>
    public static ReducePlan Of(Shape shape, uint reduced)
    {
        var plan = default(ReducePlan);
        bool last = false;
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            bool sums = (reduced >> axis & 1) != 0;
            if (shape[axis] == 1)
            {
                continue;
            }

            if (plan._rank > 0 && sums == last)
            {
                plan._sizes[plan._rank - 1] *= shape[axis];
                continue;
            }

            if (plan._rank == 0)
            {
                plan._innerReduced = sums;
            }

            plan._sizes[plan._rank++] = shape[axis];
            last = sums;
        }

        if (plan._rank == 0)
        {
            plan._sizes[plan._rank++] = 1;
        }

        (plan.OuterKept, plan.OuterReduced) = (1, 1);
        for (int i = 1; i < plan._rank; i++)
        {
            if (plan.Reduces(i))
            {
                plan.OuterReduced *= plan._sizes[i];
            }
            else
            {
                plan.OuterKept *= plan._sizes[i];
            }
        }

        return plan;
    }

    /// <summary>Size of one merged axis.</summary>
    /// <param name="axis">0 is the innermost one; beyond the last one the size is 1</param>
    /// <returns>the size</returns>
    public readonly long Size(int axis) => axis < _rank ? _sizes[axis] : 1;

    /// <summary>Where an inner run starts.</summary>
    /// <param name="kept">index among <see cref="OuterKept"/>, which is also the order of the output</param>
    /// <param name="reduced">index among <see cref="OuterReduced"/></param>
    /// <returns>offset in the input</returns>
    public readonly long Offset(long kept, long reduced)
    {
        long offset = 0, stride = Inner;
        for (int i = 1; i < _rank; i++)
        {
            ref long index = ref Reduces(i) ? ref reduced : ref kept;
            offset += index % _sizes[i] * stride;
            index /= _sizes[i];
            stride *= _sizes[i];
        }

        return offset;
    }

    // Axes alternate from the innermost one, whose index is 0.
    private readonly bool Reduces(int axis) => axis % 2 == 0 == _innerReduced;

    [InlineArray(Shape.MaxRank)]
    private struct AxisSizes
    {
        private long _first;
    }
}
