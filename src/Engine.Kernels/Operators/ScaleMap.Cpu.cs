using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>What <see cref="ScaleMapCpu"/> scales a row by.</summary>
public enum MapScale
{
    /// <summary>x / max of the row.</summary>
    Max,

    /// <summary>(x − min) / (max − min) of the row; a flat row gives zeros.</summary>
    Minmax,

    /// <summary>x · number of elements of the row.</summary>
    Size,

    /// <summary>x as it is.</summary>
    None,
}

/// <summary>Scales attention maps on cpu, one row a map.</summary>
public static unsafe class ScaleMapCpu
{
    private const long RowGrain = 16;

    /// <summary>y = (x − low) · factor of the row.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="by">the scale</param>
    /// <param name="x">[n, p]</param>
    /// <param name="y">[n, p]</param>
    /// <param name="places">i64 [n, 2]: index of the first maximum and the first minimum of each row</param>
    public static void Forward(CpuDevice cpu, MapScale by, Tensor x, Tensor y, Tensor places)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, by, x, y, places);
        }
        else
        {
            Forward<float>(cpu, by, x, y, places);
        }
    }

    /// <summary>The gradient, through maximum and minimum too: theirs go to the places that forward found.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="by">the scale</param>
    /// <param name="x">[n, p]</param>
    /// <param name="y">[n, p]</param>
    /// <param name="places">i64 [n, 2]</param>
    /// <param name="dy">[n, p]</param>
    /// <param name="dx">[n, p]</param>
    public static void Backward(CpuDevice cpu, MapScale by, Tensor x, Tensor y, Tensor places, Tensor dy, Tensor dx)
    {
        if (x.DType == DType.F64)
        {
            Backward<double>(cpu, by, x, y, places, dy, dx);
        }
        else
        {
            Backward<float>(cpu, by, x, y, places, dy, dx);
        }
    }

    private static void Forward<T>(CpuDevice cpu, MapScale by, Tensor x, Tensor y, Tensor places)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(x.Shape[0], RowGrain, (by, x, y, places), static (in t, begin, end) =>
        {
            long p = t.x.Shape[1];
            for (long row = begin; row < end; row++)
            {
                T* x = t.x.Data<T>() + (row * p), y = t.y.Data<T>() + (row * p);
                long* place = t.places.Data<long>() + (2 * row);
                (place[0], place[1]) = Extremes(x, p);
                T high = x[place[0]], low = x[place[1]];
                switch (t.by)
                {
                    case MapScale.Max:
                        Divide(x, T.Zero, high, y, p);
                        break;
                    case MapScale.Minmax when high == low:
                        new Span<T>(y, (int)p).Clear();
                        break;
                    case MapScale.Minmax:
                        Divide(x, low, high - low, y, p);
                        break;
                    default:
                        Rows.Scale(x, t.by == MapScale.Size ? T.CreateChecked(p) : T.One, y, p);
                        break;
                }
            }
        });
    }

    private static void Backward<T>(CpuDevice cpu, MapScale by, Tensor x, Tensor y, Tensor places, Tensor dy, Tensor dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(x.Shape[0], RowGrain, (by, x, y, places, dy, dx), static (in t, begin, end) =>
        {
            long p = t.x.Shape[1];
            for (long row = begin; row < end; row++)
            {
                T* x = t.x.Data<T>() + (row * p), y = t.y.Data<T>() + (row * p);
                T* dy = t.dy.Data<T>() + (row * p), dx = t.dx.Data<T>() + (row * p);
                long* place = t.places.Data<long>() + (2 * row);
                T high = x[place[0]], low = x[place[1]];
                switch (t.by)
                {
                    case MapScale.Max:
                        // y = x / high: d/dhigh = -y / high.
                        Divide(dy, T.Zero, high, dx, p);
                        dx[place[0]] -= Rows.Dot(dy, y, p) / high;
                        break;
                    case MapScale.Minmax when high == low:
                        new Span<T>(dx, (int)p).Clear();
                        break;
                    case MapScale.Minmax:
                        // y = (x - low) / range: d/dhigh = -y / range, d/dlow = (y - 1) / range.
                        T range = high - low, dot = Rows.Dot(dy, y, p);
                        Divide(dy, T.Zero, range, dx, p);
                        dx[place[0]] -= dot / range;
                        dx[place[1]] += (dot - Rows.Sum(dy, p)) / range;
                        break;
                    default:
                        Rows.Scale(dy, t.by == MapScale.Size ? T.CreateChecked(p) : T.One, dx, p);
                        break;
                }
            }
        });
    }

    /// <summary>Index of the first maximum and of the first minimum; the first NaN is both.</summary>
    private static (long Max, long Min) Extremes<T>(T* x, long p)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long max = 0, min = 0;
        for (long i = 0; i < p; i++)
        {
            if (T.IsNaN(x[i]))
            {
                return (i, i);
            }

            max = x[i] > x[max] ? i : max;
            min = x[i] < x[min] ? i : min;
        }

        return (max, min);
    }

    private static void Divide<T>(T* x, T low, T by, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        var (vlow, vby) = (new Vector<T>(low), new Vector<T>(by));
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            ((Vector.Load(x + i) - vlow) / vby).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = (x[i] - low) / by;
        }
    }
}
