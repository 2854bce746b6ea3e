using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Fully connected layer on cpu: three matrix products, the activation in the epilogue of the first.</summary>
public static unsafe class LinearCpu
{
    /// <summary>Rows whose column sums make one partial dbias: fixed, so sums never depend on threads.</summary>
    private const long RowsPerPart = 64;

    /// <summary>y = activation(x·weightᵀ + bias).</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[rows, in]</param>
    /// <param name="weight">[out, in]</param>
    /// <param name="bias">[out] or null</param>
    /// <param name="activation">applied last</param>
    /// <param name="y">[rows, out]</param>
    /// <param name="pre">[rows, out]: receives the values before the activation; null = not wanted</param>
    public static void Forward(CpuDevice cpu, Tensor x, Tensor weight, Tensor? bias, GemmActivation activation, Tensor y, Tensor? pre)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, x, weight, bias, activation, y, pre);
        }
        else
        {
            Forward<float>(cpu, x, weight, bias, activation, y, pre);
        }
    }

    /// <summary>Through activation and bias in one pass: dpre = dy · activation'(pre), dbias = its column sums.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="activation">the activation</param>
    /// <param name="pre">[rows, out]: pre-activation for GELU, y for ReLU, unused for none</param>
    /// <param name="dy">[rows, out]</param>
    /// <param name="dpre">[rows, out]; null without activation, where it is dy</param>
    /// <param name="dbias">[out] or null: not wanted</param>
    /// <param name="parts">[1, <see cref="Parts"/>, out]: room for partial sums, where dbias is wanted</param>
    public static void BackwardActivation(
        CpuDevice cpu, GemmActivation activation, Tensor? pre, Tensor dy, Tensor? dpre, Tensor? dbias, Tensor? parts)
    {
        if (dy.DType == DType.F64)
        {
            BackwardActivation<double>(cpu, activation, pre, dy, dpre, dbias, parts);
        }
        else
        {
            BackwardActivation<float>(cpu, activation, pre, dy, dpre, dbias, parts);
        }
    }

    /// <summary>dx = dpre·weight.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="weight">[out, in], in any shape</param>
    /// <param name="dpre">[rows, out]</param>
    /// <param name="dx">[rows, in]</param>
    public static void BackwardX(CpuDevice cpu, Tensor weight, Tensor dpre, Tensor dx)
    {
        long @out = dpre.Shape[-1], @in = dx.Shape[-1], rows = dpre.Shape.Fold(0, dpre.Shape.Rank - 1);
        if (dpre.DType == DType.F64)
        {
            Gemm.Run(cpu, false, false, rows, @in, @out, dpre.Data<double>(), @out, weight.Data<double>(), @in, dx.Data<double>(), @in);
        }
        else
        {
            Gemm.Run(cpu, false, false, rows, @in, @out, dpre.Data<float>(), @out, weight.Data<float>(), @in, dx.Data<float>(), @in);
        }
    }

    /// <summary>dweight = dpreᵀ·x.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[rows, in]</param>
    /// <param name="dpre">[rows, out]</param>
    /// <param name="dweight">[out, in], in any shape</param>
    public static void BackwardWeight(CpuDevice cpu, Tensor x, Tensor dpre, Tensor dweight)
    {
        long @out = dpre.Shape[-1], @in = x.Shape[-1], rows = dpre.Shape.Fold(0, dpre.Shape.Rank - 1);
        if (dpre.DType == DType.F64)
        {
            Gemm.Run(cpu, true, false, @out, @in, rows, dpre.Data<double>(), @out, x.Data<double>(), @in, dweight.Data<double>(), @in);
        }
        else
        {
            Gemm.Run(cpu, true, false, @out, @in, rows, dpre.Data<float>(), @out, x.Data<float>(), @in, dweight.Data<float>(), @in);
        }
    }

    /// <summary>How many partial sums dbias needs.</summary>
    /// <param name="rows">number of rows</param>
    /// <returns>ceil(rows / 64)</returns>
    public static long Parts(long rows) => (rows + RowsPerPart - 1) / RowsPerPart;

    private static void Forward<T>(CpuDevice cpu, Tensor x, Tensor weight, Tensor? bias, GemmActivation activation, Tensor y, Tensor? pre)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long @out = weight.Shape[0], @in = weight.Shape[1], rows = x.Shape.Fold(0, x.Shape.Rank - 1);
        var epilogue = new GemmEpilogue<T>
        {
            Bias = bias is null ? null : bias.Data<T>(),
            PreActivation = pre is null ? null : pre.Data<T>(),
            Activation = activation,
        };
        Gemm.RunOn(
            Gemm.VectorBits, cpu, false, true, rows, @out, @in, x.Data<T>(), @in, weight.Data<T>(), @in, y.Data<T>(), @out, false, in epilogue);
    }

    private static void BackwardActivation<T>(
        CpuDevice cpu, GemmActivation activation, Tensor? pre, Tensor dy, Tensor? dpre, Tensor? dbias, Tensor? parts)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long @out = dy.Shape[-1], rows = dy.Shape.Fold(0, dy.Shape.Rank - 1);
        if (dpre is null && parts is null)
        {
            return;
        }

        cpu.For(rows, RowsPerPart, (activation, pre, dy, dpre, parts, @out), static (in t, begin, end) =>
        {
            long offset = begin * t.@out, count = (end - begin) * t.@out;
            T* d = t.dy.Data<T>() + offset;
            if (t.dpre is not null)
            {
                T* dpre = t.dpre.Data<T>() + offset;
                T* pre = t.pre!.Data<T>() + offset;
                if (t.activation == GemmActivation.Gelu)
                {
                    GeluBackward(pre, d, dpre, count);
                }
                else
                {
                    ReluBackward(pre, d, dpre, count);
                }

                d = dpre;
            }

            if (t.parts is not null)
            {
                Rows.ColumnSums(d, end - begin, t.@out, t.parts.Data<T>() + (begin / RowsPerPart * t.@out));
            }
        });
        if (parts is not null)
        {
            Rows.SumParts<T>(cpu, parts, 0, dbias);
        }
    }

    private static void ReluBackward<T>(T* y, T* dy, T* dx, long n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            Vector.ConditionalSelect(Vector.GreaterThan(Vector.Load(y + i), Vector<T>.Zero), Vector.Load(dy + i), Vector<T>.Zero).Store(dx + i);
        }

        for (; i < n; i++)
        {
            dx[i] = y[i] > T.Zero ? dy[i] : T.Zero;
        }
    }

    private static void GeluBackward<T>(T* x, T* dy, T* dx, long n)
        where T : unmanaged
    {
        if (typeof(T) == typeof(double))
        {
            VectorMath.GeluBackward((double*)x, (double*)dy, (double*)dx, n);
        }
        else
        {
            VectorMath.GeluBackward((float*)x, (float*)dy, (float*)dx, n);
        }
    }
}
