using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Loops over one row that several operators share.</summary>
internal static unsafe class Rows
{
    public static void Add<T>(T* a, T* b, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            (Vector.Load(a + i) + Vector.Load(b + i)).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = a[i] + b[i];
        }
    }

    public static T Sum<T>(T* x, long n)
        where T : unmanaged, INumber<T>
    {
        var (sum0, sum1) = (Vector<T>.Zero, Vector<T>.Zero);
        long i = 0;
        for (; i <= n - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            sum0 += Vector.Load(x + i);
            sum1 += Vector.Load(x + i + Vector<T>.Count);
        }

        T sum = Vector.Sum(sum0 + sum1);
        for (; i < n; i++)
        {
            sum += x[i];
        }

        return sum;
    }

    /// <summary>Sum of (x - mean)².</summary>
    public static T SumOfSquares<T>(T* x, T mean, long n)
        where T : unmanaged, INumber<T>
    {
        var vmean = new Vector<T>(mean);
        var (sum0, sum1) = (Vector<T>.Zero, Vector<T>.Zero);
        long i = 0;
        for (; i <= n - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            var a = Vector.Load(x + i) - vmean;
            var b = Vector.Load(x + i + Vector<T>.Count) - vmean;
            sum0 += a * a;
            sum1 += b * b;
        }

        T sum = Vector.Sum(sum0 + sum1);
        for (; i < n; i++)
        {
            T a = x[i] - mean;
            sum += a * a;
        }

        return sum;
    }

    /// <summary>The largest element, NaN if there is one, −infinity over nothing.</summary>
    public static T Max<T>(T* x, long n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T max = T.NegativeInfinity;
        long i = 0;
        if (n >= Vector<T>.Count)
        {
            var vmax = new Vector<T>(max);
            for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
            {
                vmax = Vector.Max(vmax, Vector.Load(x + i));
            }

            for (int lane = 0; lane < Vector<T>.Count; lane++)
            {
                max = T.Max(max, vmax[lane]);
            }
        }

        for (; i < n; i++)
        {
            max = T.Max(max, x[i]);
        }

        return max;
    }

    /// <summary>Sum of a · b.</summary>
    public static T Dot<T>(T* a, T* b, long n)
        where T : unmanaged, INumber<T>
    {
        var (sum0, sum1) = (Vector<T>.Zero, Vector<T>.Zero);
        long i = 0;
        for (; i <= n - (2 * Vector<T>.Count); i += 2 * Vector<T>.Count)
        {
            sum0 += Vector.Load(a + i) * Vector.Load(b + i);
            sum1 += Vector.Load(a + i + Vector<T>.Count) * Vector.Load(b + i + Vector<T>.Count);
        }

        T sum = Vector.Sum(sum0 + sum1);
        for (; i < n; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>y = x + number.</summary>
    public static void AddNumber<T>(T* x, T number, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        var vnumber = new Vector<T>(number);
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            (Vector.Load(x + i) + vnumber).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = x[i] + number;
        }
    }

    /// <summary>y = x · factor.</summary>
    public static void Scale<T>(T* x, T factor, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        var vfactor = new Vector<T>(factor);
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            (Vector.Load(x + i) * vfactor).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = x[i] * factor;
        }
    }

    /// <summary>x = eˣ.</summary>
    public static void Exp<T>(T* x, long n)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            VectorMath.Exp((float*)x, (float*)x, n);
        }
        else
        {
            VectorMath.Exp((double*)x, (double*)x, n);
        }
    }

    public static void CopyOrClear<T>(T* from, T* to, long n)
        where T : unmanaged
    {
        if (from is null)
        {
            System.Runtime.InteropServices.NativeMemory.Clear(to, (nuint)(n * sizeof(T)));
        }
        else
        {
            Buffer.MemoryCopy(from, to, n * sizeof(T), n * sizeof(T));
        }
    }

    /// <summary>sums[j] = Σ over rows of x[row, j], rows in ascending groups of four.</summary>
    public static void ColumnSums<T>(T* x, long rows, long d, T* sums)
        where T : unmanaged, INumber<T>
    {
        new Span<T>(sums, checked((int)d)).Clear();
        for (long row = 0; row < rows; row += 4, x += 4 * d)
        {
            if (rows - row < 4)
            {
                for (; row < rows; row++, x += d)
                {
                    Add(sums, x, sums, d);
                }

                return;
            }

            long i = 0;
            for (; i <= d - Vector<T>.Count; i += Vector<T>.Count)
            {
                T* at = x + i;
                var four = Vector.Load(at) + Vector.Load(at + d) + (Vector.Load(at + (2 * d)) + Vector.Load(at + (3 * d)));
                (Vector.Load(sums + i) + four).Store(sums + i);
            }

            for (; i < d; i++)
            {
                sums[i] += x[i] + x[i + d] + (x[i + (2 * d)] + x[i + (3 * d)]);
            }
        }
    }

    /// <summary>result[i] = Σ over p of parts[which, p, i], p in ascending order; nothing where result is null.</summary>
    public static void SumParts<T>(CpuDevice cpu, Tensor parts, long which, Tensor? result)
        where T : unmanaged, INumber<T>
    {
        if (result is null)
        {
            return;
        }

        cpu.For(result.Count, 1024, (parts, which, result), static (in t, begin, end) =>
        {
            long count = t.parts.Shape[1], d = t.result.Count;
            T* result = t.result.Data<T>();
            System.Runtime.InteropServices.NativeMemory.Clear(result + begin, (nuint)((end - begin) * sizeof(T)));
            for (long p = 0; p < count; p++)
            {
                T* part = t.parts.Data<T>() + (((t.which * count) + p) * d);
                Add(result + begin, part + begin, result + begin, end - begin);
            }
        });
    }
}
