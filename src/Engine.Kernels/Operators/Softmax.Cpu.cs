using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Softmax over the last axis on cpu, row by row while the row is in cache.</summary>
public static unsafe class SoftmaxCpu
{
    /// <summary>y = exp(z - max z) / Σ exp(z - max z) with z = x + mask; a row that is −inf throughout gives zeros.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[rows, d]</param>
    /// <param name="mask">broadcasts to x; null: none</param>
    /// <param name="y">[rows, d]</param>
    public static void Forward(CpuDevice cpu, Tensor x, Tensor? mask, Tensor y)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, x, mask, y);
        }
        else
        {
            Forward<float>(cpu, x, mask, y);
        }
    }

    /// <summary>dx = y · (dy - Σ dy · y).</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="y">[rows, d]</param>
    /// <param name="dy">[rows, d]</param>
    /// <param name="dx">[rows, d]</param>
    public static void Backward(CpuDevice cpu, Tensor y, Tensor dy, Tensor dx)
    {
        if (y.DType == DType.F64)
        {
            Backward<double>(cpu, y, dy, dx);
        }
        else
        {
            Backward<float>(cpu, y, dy, dx);
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor x, Tensor? mask, Tensor y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long d = x.Shape[-1];
        var plan = BroadcastPlan.Of(x.Shape, mask?.Shape ?? x.Shape, x.Shape, keepLast: true);
        cpu.For(x.Count / Math.Max(d, 1), Grain(d), (x, mask, y, plan, d), static (in t, begin, end) =>
        {
            for (long row = begin; row < end; row++)
            {
                T* z = t.x.Data<T>() + (row * t.d), y = t.y.Data<T>() + (row * t.d);

                // 1. mask
                if (t.mask is not null)
                {
                    t.plan.Offsets(row, out long offset, out _);
                    AddMask(z, t.mask.Data<T>() + offset, t.plan.InnerA == 0, y, t.d);
                    z = y;
                }

                // 2. exp of the distance to the maximum
                T max = Rows.Max(z, t.d);
                if (T.IsNegativeInfinity(max))
                {
                    new Span<T>(y, (int)t.d).Clear();
                    continue;
                }

                Rows.AddNumber(z, -max, y, t.d);
                Rows.Exp(y, t.d);

                // 3. divide by the sum
                Rows.Scale(y, T.One / Rows.Sum(y, t.d), y, t.d);
            }
        });
    }

    private static void Backward<T>(CpuDevice cpu, Tensor y, Tensor dy, Tensor dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long d = y.Shape[-1];
        cpu.For(y.Count / Math.Max(d, 1), Grain(d), (y, dy, dx, d), static (in t, begin, end) =>
        {
            for (long row = begin; row < end; row++)
            {
                T* y = t.y.Data<T>() + (row * t.d), dy = t.dy.Data<T>() + (row * t.d), dx = t.dx.Data<T>() + (row * t.d);
                T dot = Rows.Dot(y, dy, t.d);
                var vdot = new Vector<T>(dot);
                long i = 0;
                for (; i <= t.d - Vector<T>.Count; i += Vector<T>.Count)
                {
                    (Vector.Load(y + i) * (Vector.Load(dy + i) - vdot)).Store(dx + i);
                }

                for (; i < t.d; i++)
                {
                    dx[i] = y[i] * (dy[i] - dot);
                }
            }
        });
    }

    private static long Grain(long d) => Math.Max(1, 4096 / Math.Max(d, 1));

    private static void AddMask<T>(T* x, T* mask, bool oneNumber, T* z, long d)
        where T : unmanaged, INumber<T>
    {
        if (oneNumber)
        {
            Rows.AddNumber(x, *mask, z, d);
        }
        else
        {
            Rows.Add(x, mask, z, d);
        }
    }
}
