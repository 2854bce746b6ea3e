using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Bilinear resizing on cpu, pixel centres aligned (align_corners = false), one plane a task.</summary>
/// <remarks>Output pixel i looks at (i + 1/2) · in / out − 1/2, not below 0; beyond the last input pixel the last one repeats, as in PyTorch.</remarks>
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

    /// <summary>dx: each output pixel gives its gradient to its four neighbours, in the order of the output within a plane.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="dy">[planes, height, width]</param>
    /// <param name="dx">[planes, h, w]</param>
    /// <param name="columns">i64 [width]: room for the left neighbour of each output column</param>
    /// <param name="weights">[width]: room for the right neighbour's weight</param>
    /// <param name="rows">[planes, w]: room for one row a plane</param>
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
        dx.Clear();
        cpu.For(dx.Shape[0], 1, (dy, dx, columns, weights, rows), static (in t, begin, end) =>
        {
            long h = t.dx.Shape[1], w = t.dx.Shape[2], height = t.dy.Shape[1], width = t.dy.Shape[2];
            long* left = t.columns.Data<long>();
            T* weight = t.weights.Data<T>();
            for (long plane = begin; plane < end; plane++)
            {
                T* gathered = t.rows.Data<T>() + (plane * w);
                for (long i = 0; i < height; i++)
                {
                    // 2. columns
                    T* dy = t.dy.Data<T>() + (((plane * height) + i) * width);
                    new Span<T>(gathered, (int)w).Clear();
                    for (long j = 0; j < width; j++)
                    {
                        gathered[left[j]] += (T.One - weight[j]) * dy[j];
                        gathered[Math.Min(left[j] + 1, w - 1)] += weight[j] * dy[j];
                    }

                    // 1. rows
                    var (top, down) = Source(i, h, height);
                    T* upper = t.dx.Data<T>() + (((plane * h) + top) * w), lower = top + 1 < h ? upper + w : upper;
                    Blend(upper, T.One, gathered, T.CreateChecked(1 - down), upper, w);
                    Blend(lower, T.One, gathered, T.CreateChecked(down), lower, w);
                }
            }
        });
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
}
