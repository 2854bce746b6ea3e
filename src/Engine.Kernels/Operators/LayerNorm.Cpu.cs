using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Layer normalisation on cpu: row by row, residual sum in the same pass.</summary>
/// <remarks>Ba et al. 2016, arXiv:1607.06450, eq. 3-4, over features; two passes, since E[x²] - E[x]² cancels in f32.</remarks>
public static unsafe class LayerNormCpu
{
    /// <summary>Rows that one chunk of the backward pass sums into its own partial dweight and dbias: fixed, so sums never depend on threads.</summary>
    private const long RowsPerPart = 64;

    /// <summary>y = (s - mean) * rstd * weight + bias with s = x + residual.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[rows, d]</param>
    /// <param name="residual">[rows, d] or null</param>
    /// <param name="weight">[d]</param>
    /// <param name="bias">[d]</param>
    /// <param name="eps">added to the variance</param>
    /// <param name="y">[rows, d]</param>
    /// <param name="sum">[rows, d]: x + residual; null without residual</param>
    /// <param name="mean">[rows]</param>
    /// <param name="rstd">[rows]</param>
    public static void Forward(
        CpuDevice cpu, Tensor x, Tensor? residual, Tensor weight, Tensor bias, double eps, Tensor y, Tensor? sum, Tensor mean, Tensor rstd)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, x, residual, weight, bias, eps, y, sum, mean, rstd);
        }
        else
        {
            Forward<float>(cpu, x, residual, weight, bias, eps, y, sum, mean, rstd);
        }
    }

    /// <summary>y of an earlier forward once more, to the same bits.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="s">[rows, d]: what was normalised</param>
    /// <param name="weight">[d]</param>
    /// <param name="bias">[d]</param>
    /// <param name="mean">[rows], of that forward</param>
    /// <param name="rstd">[rows], of that forward</param>
    /// <param name="y">[rows, d]</param>
    public static void Again(CpuDevice cpu, Tensor s, Tensor weight, Tensor bias, Tensor mean, Tensor rstd, Tensor y)
    {
        if (s.DType == DType.F64)
        {
            Again<double>(cpu, s, weight, bias, mean, rstd, y);
        }
        else
        {
            Again<float>(cpu, s, weight, bias, mean, rstd, y);
        }
    }

    /// <summary>Gradients of the normalised sum, of weight and of bias.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="s">[rows, d]: what was normalised</param>
    /// <param name="weight">[d]</param>
    /// <param name="mean">[rows]</param>
    /// <param name="rstd">[rows]</param>
    /// <param name="dy">[rows, d], null: zero</param>
    /// <param name="dsum">[rows, d]: what arrived at the sum directly; null: nothing</param>
    /// <param name="ds">[rows, d] or null: not wanted</param>
    /// <param name="dweight">[d] or null: not wanted</param>
    /// <param name="dbias">[d] or null: not wanted</param>
    /// <param name="parts">[2, <see cref="Parts"/>, d]: room for partial sums, where dweight or dbias is wanted</param>
    public static void Backward(
        CpuDevice cpu, Tensor s, Tensor weight, Tensor mean, Tensor rstd, Tensor? dy, Tensor? dsum, Tensor? ds, Tensor? dweight, Tensor? dbias, Tensor? parts)
    {
        if (s.DType == DType.F64)
        {
            Backward<double>(cpu, s, weight, mean, rstd, dy, dsum, ds, dweight, dbias, parts);
        }
        else
        {
            Backward<float>(cpu, s, weight, mean, rstd, dy, dsum, ds, dweight, dbias, parts);
        }
    }

    /// <summary>How many partial sums backward makes.</summary>
    /// <param name="rows">number of rows</param>
    /// <returns>ceil(rows / 64)</returns>
    public static long Parts(long rows) => (rows + RowsPerPart - 1) / RowsPerPart;

    private static void Forward<T>(
        CpuDevice cpu, Tensor x, Tensor? residual, Tensor weight, Tensor bias, double eps, Tensor y, Tensor? sum, Tensor mean, Tensor rstd)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long d = weight.Count;
        cpu.For(mean.Count, Math.Max(1, 8192 / Math.Max(d, 1)), (x, residual, weight, bias, eps, y, sum, mean, rstd, d), static (in t, begin, end) =>
        {
            long d = t.d;
            T* weight = t.weight.Data<T>(), bias = t.bias.Data<T>();
            for (long row = begin; row < end; row++)
            {
                T* s = t.x.Data<T>() + (row * d);
                T* y = t.y.Data<T>() + (row * d);
                if (t.residual is not null)
                {
                    T* sum = t.sum!.Data<T>() + (row * d);
                    Rows.Add(s, t.residual.Data<T>() + (row * d), sum, d);
                    s = sum;
                }

                // 1. mean
                T mean = Rows.Sum(s, d) / T.CreateChecked(d);

                // 2. rstd
                T rstd = T.One / T.Sqrt((Rows.SumOfSquares(s, mean, d) / T.CreateChecked(d)) + T.CreateChecked(t.eps));

                // 3. normalise, scale, shift
                t.mean.Data<T>()[row] = mean;
                t.rstd.Data<T>()[row] = rstd;
                Normalise(s, weight, bias, mean, rstd, y, d);
            }
        });
    }

    private static void Again<T>(CpuDevice cpu, Tensor s, Tensor weight, Tensor bias, Tensor mean, Tensor rstd, Tensor y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long d = weight.Count;
        cpu.For(mean.Count, Math.Max(1, 8192 / Math.Max(d, 1)), (s, weight, bias, mean, rstd, y, d), static (in t, begin, end) =>
        {
            for (long row = begin; row < end; row++)
            {
                Normalise(
                    t.s.Data<T>() + (row * t.d), t.weight.Data<T>(), t.bias.Data<T>(), t.mean.Data<T>()[row], t.rstd.Data<T>()[row],
                    t.y.Data<T>() + (row * t.d), t.d);
            }
        });
    }

    private static void Normalise<T>(T* s, T* weight, T* bias, T mean, T rstd, T* y, long d)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (vmean, vrstd) = (new Vector<T>(mean), new Vector<T>(rstd));
        long i = 0;
        for (; i <= d - Vector<T>.Count; i += Vector<T>.Count)
        {
            (((Vector.Load(s + i) - vmean) * vrstd * Vector.Load(weight + i)) + Vector.Load(bias + i)).Store(y + i);
        }

        for (; i < d; i++)
        {
            y[i] = ((s[i] - mean) * rstd * weight[i]) + bias[i];
        }
    }

    private static void Backward<T>(
        CpuDevice cpu, Tensor s, Tensor weight, Tensor mean, Tensor rstd, Tensor? dy, Tensor? dsum, Tensor? ds, Tensor? dweight, Tensor? dbias, Tensor? parts)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long rows = mean.Count, d = weight.Count;
        cpu.For(rows, RowsPerPart, (s, weight, mean, rstd, dy, dsum, ds, parts, d), static (in t, begin, end) =>
        {
            long d = t.d, part = begin / RowsPerPart;
            T* weight = t.weight.Data<T>();
            T* dweight = null, dbias = null;
            if (t.parts is not null)
            {
                dweight = t.parts.Data<T>() + (part * d);
                dbias = dweight + (t.parts.Shape[1] * d);
                new Span<T>(dweight, (int)d).Clear();
                new Span<T>(dbias, (int)d).Clear();
            }

            for (long row = begin; row < end; row++)
            {
                T mean = t.mean.Data<T>()[row], rstd = t.rstd.Data<T>()[row];
                T* s = t.s.Data<T>() + (row * d);
                T* ds = t.ds is null ? null : t.ds.Data<T>() + (row * d);
                T* dsum = t.dsum is null ? null : t.dsum.Data<T>() + (row * d);
                if (t.dy is null)
                {
                    if (ds is not null)
                    {
                        Rows.CopyOrClear(dsum, ds, d);
                    }

                    continue;
                }

                T* dy = t.dy.Data<T>() + (row * d);
                RowBackward(s, weight, dy, dsum, ds, dweight, dbias, mean, rstd, d);
            }
        });
        if (parts is not null)
        {
            // Second stage in fixed order: the parts one after another.
            Rows.SumParts<T>(cpu, parts, 0, dweight);
            Rows.SumParts<T>(cpu, parts, 1, dbias);
        }
    }

    private static void RowBackward<T>(T* s, T* weight, T* dy, T* dsum, T* ds, T* dweight, T* dbias, T mean, T rstd, long d)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // With n = (s - mean) * rstd and g = dy * weight: ds = rstd * (g - mean(g) - n * mean(g * n)).
        var (vmean, vrstd) = (new Vector<T>(mean), new Vector<T>(rstd));
        var (vg, vgn) = (Vector<T>.Zero, Vector<T>.Zero);
        long i = 0;
        for (; i <= d - Vector<T>.Count; i += Vector<T>.Count)
        {
            var n = (Vector.Load(s + i) - vmean) * vrstd;
            var dyi = Vector.Load(dy + i);
            var g = dyi * Vector.Load(weight + i);
            vg += g;
            vgn += g * n;
            if (dweight is not null)
            {
                (Vector.Load(dweight + i) + (dyi * n)).Store(dweight + i);
                (Vector.Load(dbias + i) + dyi).Store(dbias + i);
            }
        }

        T sumG = Vector.Sum(vg), sumGn = Vector.Sum(vgn);
        for (; i < d; i++)
        {
            T n = (s[i] - mean) * rstd;
            T g = dy[i] * weight[i];
            sumG += g;
            sumGn += g * n;
            if (dweight is not null)
            {
                dweight[i] += dy[i] * n;
                dbias[i] += dy[i];
            }
        }

        if (ds is null)
        {
            return;
        }

        T meanG = sumG / T.CreateChecked(d), meanGn = sumGn / T.CreateChecked(d);
        var (vmeanG, vmeanGn) = (new Vector<T>(meanG), new Vector<T>(meanGn));
        for (i = 0; i <= d - Vector<T>.Count; i += Vector<T>.Count)
        {
            var n = (Vector.Load(s + i) - vmean) * vrstd;
            var g = Vector.Load(dy + i) * Vector.Load(weight + i);
            var result = vrstd * (g - vmeanG - (n * vmeanGn));
            (dsum is null ? result : result + Vector.Load(dsum + i)).Store(ds + i);
        }

        for (; i < d; i++)
        {
            T n = (s[i] - mean) * rstd;
            T result = rstd * ((dy[i] * weight[i]) - meanG - (n * meanGn));
            ds[i] = dsum is null ? result : result + dsum[i];
        }
    }
}
