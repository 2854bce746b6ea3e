using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Bilinear resizing on cpu, pixel centres aligned (align_corners = false), one plane a task.</summary>
/// <remarks>Output pixel i looks at (i + 1/2) · in / out − 1/2, not below 0; beyond the last pixel the last one repeats, as in PyTorch.</remarks>
public static unsafe class BilinearResizeCpu
{
    /// <summary>y = x resized.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[planes, h, w]</param>
    /// <param name="y">[planes, height, width]</param>
    /// <param name="columns">i64 [width]: room for the left neighbour of each output column</param>
    /// <param name="weights">[width]: room for the right neighbour's weight</param>
    /// <param name="rows">[planes, w]: room for one blended row a plane</param>
    public static void Forward(CpuDevice cpu, Tensor x, Tensor y, Tensor columns, Tensor weights, Tensor rows)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, x, y, columns, weights, rows);
        }
        else
        {
            Forward<float>(cpu, x, y, columns, weights, rows);
        }
    }

    /// <summary>dx: each output pixel gives its gradient to its four neighbours; output rows are summed in order, then columns.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="dy">[planes, height, width]</param>
    /// <param name="dx">[planes, h, w]</param>
    /// <param name="columns">i64 [width]: room for the left neighbour of each output column</param>
    /// <param name="weights">[width]: room for the right neighbour's weight</param>
    /// <param name="rows">[planes, width]: room for one row a plane</param>
    public static void Backward(CpuDevice cpu, Tensor dy, Tensor dx, Tensor columns, Tensor weights, Tensor rows)
    {
        if (dx.DType == DType.F64)
        {
            Backward<double>(cpu, dy, dx, columns, weights, rows);
        }
        else
        {
            Backward<float>(cpu, dy, dx, columns, weights, rows);
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor x, Tensor y, Tensor columns, Tensor weights, Tensor rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FillColumns<T>(x.Shape[2], columns, weights);
        cpu.For(x.Shape[0], 1, (x, y, columns, weights, rows), static (in t, begin, end) =>
        {
            long h = t.x.Shape[1], w = t.x.Shape[2], height = t.y.Shape[1], width = t.y.Shape[2];
            long* left = t.columns.Data<long>();
            T* weight = t.weights.Data<T>();
            for (long plane = begin; plane < end; plane++)
            {
                T* blended = t.rows.Data<T>() + (plane * w);
                for (long i = 0; i < height; i++)
                {
                    // 1. blend two input rows
                    var (top, down) = Source(i, h, height);
                    T* upper = t.x.Data<T>() + (((plane * h) + top) * w), lower = top + 1 < h ? upper + w : upper;
                    Blend(upper, T.CreateChecked(1 - down), lower, T.CreateChecked(down), blended, w);

                    // 2. blend two columns of the result
                    T* y = t.y.Data<T>() + (((plane * height) + i) * width);
                    for (long j = 0; j < width; j++)
                    {
                        T a = blended[left[j]], b = blended[Math.Min(left[j] + 1, w - 1)];
                        y[j] = ((T.One - weight[j]) * a) + (weight[j] * b);
                    }
                }
            }
        });
    }

    private static void Backward<T>(CpuDevice cpu, Tensor dy, Tensor dx, Tensor columns, Tensor weights, Tensor rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        FillColumns<T>(dx.Shape[2], columns, weights);
        cpu.For(dx.Shape[0], 1, (dy, dx, columns, weights, rows), static (in t, begin, end) =>
        {
            long h = t.dx.Shape[1], w = t.dx.Shape[2], height = t.dy.Shape[1], width = t.dy.Shape[2];
            for (long plane = begin; plane < end; plane++)
            {
                T* dy = t.dy.Data<T>() + (plane * height * width), gathered = t.rows.Data<T>() + (plane * width);
                long from = 0;      // the first output row that looks at input row i or i - 1
                for (long i = 0; i < h; i++)
                {
                    // 1. rows: what the output rows around input row i give to it
                    new Span<T>(gathered, (int)width).Clear();
                    for (long output = from; output < height; output++)
                    {
                        var (top, down) = Source(output, h, height);
                        if (top > i)
                        {
                            break;
                        }

                        from += top < i - 1 ? 1 : 0;

                        double share = (top == i ? 1 - down : 0) + (Math.Min(top + 1, h - 1) == i ? down : 0);
                        if (share != 0)
                        {
                            AddScaled(dy + (output * width), T.CreateChecked(share), gathered, width);
                        }
                    }

                    // 2. columns
                    T* dx = t.dx.Data<T>() + (((plane * h) + i) * w);
                    new Span<T>(dx, (int)w).Clear();
                    Scatter(gathered, t.columns.Data<long>(), t.weights.Data<T>(), width, dx, w);
                }
            }
        });
    }

    /// <summary>Each column of a row gives to its two neighbours; columns with the same neighbours are summed first.</summary>
    private static void Scatter<T>(T* row, long* left, T* weight, long width, T* dx, long w)
        where T : unmanaged, INumber<T>
    {
        for (long j = 0; j < width;)
        {
            long place = left[j];
            T first = T.Zero, second = T.Zero;
            for (; j < width && left[j] == place; j++)
            {
                first += (T.One - weight[j]) * row[j];
                second += weight[j] * row[j];
            }

            dx[place] += first;
            dx[Math.Min(place + 1, w - 1)] += second;
        }
    }

    private static void FillColumns<T>(long w, Tensor columns, Tensor weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (long j = 0; j < columns.Count; j++)
        {
            var (left, weight) = Source(j, w, columns.Count);
            columns.Data<long>()[j] = left;
            weights.Data<T>()[j] = T.CreateChecked(weight);
        }
    }

    /// <summary>The first of the two input pixels that an output pixel looks at, and the weight of the second.</summary>
    private static (long First, double Second) Source(long output, long inputs, long outputs)
    {
        double place = Math.Max(0, ((output + 0.5) * inputs / outputs) - 0.5);
        long first = Math.Min((long)place, inputs - 1);
        return (first, place - first);
    }

    /// <summary>y = a · x + b · z.</summary>
    private static void Blend<T>(T* x, T a, T* z, T b, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        var (va, vb) = (new Vector<T>(a), new Vector<T>(b));
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            ((va * Vector.Load(x + i)) + (vb * Vector.Load(z + i))).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = (a * x[i]) + (b * z[i]);
        }
    }

    /// <summary>y += a · x.</summary>
    private static void AddScaled<T>(T* x, T a, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        var va = new Vector<T>(a);
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            (Vector.Load(y + i) + (va * Vector.Load(x + i))).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] += a * x[i];
        }
    }
}
