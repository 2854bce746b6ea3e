using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Sums over axes on cpu, each in a fixed order of its own: the same bits for any number of threads.</summary>
/// <remarks>Short pieces are summed in vectors of the dtype, the pieces' sums in double, so that long sums stay accurate in f32.</remarks>
public static unsafe class ReduceCpu
{
    private const long Run = 4096;
    private const long Piece = 256;
    private const long RowsPerBlock = 16;
    private const int Columns = 64;

    /// <summary>y = scale · Σ over the plan's reduced axes of x.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="plan">how x is reduced</param>
    /// <param name="x">the input</param>
    /// <param name="scale">factor of every sum</param>
    /// <param name="y">the kept axes</param>
    /// <param name="parts">f64 [<see cref="Parts"/>]: room for partial sums</param>
    public static void Sum(CpuDevice cpu, in ReducePlan plan, Tensor x, double scale, Tensor y, Tensor? parts)
    {
        if (y.DType == DType.F64)
        {
            Sum<double>(cpu, plan, x, scale, y, parts);
        }
        else
        {
            Sum<float>(cpu, plan, x, scale, y, parts);
        }
    }

    /// <summary>How many partial sums a reduction needs.</summary>
    /// <param name="plan">the reduction</param>
    /// <returns>0: none</returns>
    public static long Parts(in ReducePlan plan) => plan.InnerReduced ? plan.OuterKept * plan.OuterReduced * Runs(plan.Inner) : 0;

    private static long Runs(long inner) => Math.Max(1, (inner + Run - 1) / Run);

    private static void Sum<T>(CpuDevice cpu, in ReducePlan plan, Tensor x, double scale, Tensor y, Tensor? parts)
        where T : unmanaged, INumber<T>
    {
        if (x.Count == 0)
        {
            double nothing = 0 * scale;
            for (long i = 0; i < y.Count; i++)
            {
                y.Data<T>()[i] = T.CreateChecked(nothing);
            }
        }
        else if (plan.InnerReduced)
        {
            SumInner<T>(cpu, plan, x, scale, y, parts!);
        }
        else
        {
            SumOuter<T>(cpu, plan, x, scale, y);
        }
    }

    private static void SumInner<T>(CpuDevice cpu, in ReducePlan plan, Tensor x, double scale, Tensor y, Tensor parts)
        where T : unmanaged, INumber<T>
    {
        // 1. runs: one partial sum for each (kept, reduced, run)
        long runs = Runs(plan.Inner);
        long grain = Math.Max(1, 4 * Run / Math.Min(plan.Inner, Run));
        cpu.For(parts.Count, grain, (plan, x, parts, runs), static (in t, begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                long run = i % t.runs, reduced = i / t.runs % t.plan.OuterReduced, kept = i / t.runs / t.plan.OuterReduced;
                long first = run * Run;
                T* from = t.x.Data<T>() + t.plan.Offset(kept, reduced) + first;
                t.parts.Data<double>()[i] = SumOf(from, Math.Min(Run, t.plan.Inner - first));
            }
        });

        // 2. the runs of each output, one after another
        long each = parts.Count / y.Count;
        cpu.For(y.Count, Math.Max(1, 8192 / each), (parts, y, each, scale), static (in t, begin, end) =>
        {
            for (long k = begin; k < end; k++)
            {
                double sum = 0;
                double* part = t.parts.Data<double>() + (k * t.each);
                for (long i = 0; i < t.each; i++)
                {
                    sum += part[i];
                }

                t.y.Data<T>()[k] = T.CreateChecked(sum * t.scale);
            }
        });
    }

    private static double SumOf<T>(T* x, long n)
        where T : unmanaged, INumber<T>
    {
        double sum = 0;
        for (long i = 0; i < n; i += Piece)
        {
            sum += double.CreateChecked(Rows.Sum(x + i, Math.Min(Piece, n - i)));
        }

        return sum;
    }

    private static void SumOuter<T>(CpuDevice cpu, in ReducePlan plan, Tensor x, double scale, Tensor y)
        where T : unmanaged, INumber<T>
    {
        // An item is a strip of at most 64 columns of one kept combination; its rows are added in blocks, the blocks in order.
        long strips = (plan.Inner + Columns - 1) / Columns;
        long grain = Math.Max(1, 8192 / (plan.OuterReduced * Math.Min(plan.Inner, Columns)));
        cpu.For(plan.OuterKept * strips, grain, (plan, x, y, strips, scale), static (in t, begin, end) =>
        {
            T* block = stackalloc T[Columns];
            double* total = stackalloc double[Columns];
            for (long item = begin; item < end; item++)
            {
                long kept = item / t.strips, column = item % t.strips * Columns;
                int n = (int)Math.Min(Columns, t.plan.Inner - column);
                new Span<double>(total, n).Clear();
                for (long first = 0; first < t.plan.OuterReduced; first += RowsPerBlock)
                {
                    new Span<T>(block, n).Clear();
                    for (long r = first; r < Math.Min(first + RowsPerBlock, t.plan.OuterReduced); r++)
                    {
                        Rows.Add(block, t.x.Data<T>() + t.plan.Offset(kept, r) + column, block, n);
                    }

                    for (int i = 0; i < n; i++)
                    {
                        total[i] += double.CreateChecked(block[i]);
                    }
                }

                T* to = t.y.Data<T>() + (kept * t.plan.Inner) + column;
                for (int i = 0; i < n; i++)
                {
                    to[i] = T.CreateChecked(total[i] * t.scale);
                }
            }
        });
    }
}
