using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Rows divided by their Euclidean length, on cpu.</summary>
public static unsafe class NormalizeCpu
{
    /// <summary>y = x / max(‖x‖, eps), row by row.</summary>
    /// <param name="x">[rows, d]</param>
    /// <param name="eps">keeps a zero row from being divided by zero</param>
    /// <param name="y">[rows, d], written</param>
    /// <param name="length">[rows], written: max(‖x‖, eps)</param>
    public static void Forward(Tensor x, double eps, Tensor y, Tensor length)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(x, eps, y, length);
        }
        else
        {
            Forward<float>(x, eps, y, length);
        }
    }

    /// <summary>dx = (dy - y · ⟨y, dy⟩) / length; where the row was shorter than eps, dx = dy / eps.</summary>
    /// <param name="y">[rows, d]</param>
    /// <param name="length">[rows]</param>
    /// <param name="eps">as in forward</param>
    /// <param name="dy">[rows, d]</param>
    /// <param name="dx">[rows, d], written</param>
    public static void Backward(Tensor y, Tensor length, double eps, Tensor dy, Tensor dx)
    {
        if (y.DType == DType.F64)
        {
            Backward<double>(y, length, eps, dy, dx);
        }
        else
        {
            Backward<float>(y, length, eps, dy, dx);
        }
    }

    private static void Forward<T>(Tensor x, double eps, Tensor y, Tensor length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long rows = length.Count, d = x.Shape[-1];
        for (long row = 0; row < rows; row++)
        {
            T* from = x.Data<T>() + (row * d);
            T* to = y.Data<T>() + (row * d);
            T norm = T.Max(T.Sqrt(Rows.SumOfSquares(from, T.Zero, d)), T.CreateChecked(eps));
            length.Data<T>()[row] = norm;
            for (long i = 0; i < d; i++)
            {
                to[i] = from[i] / norm;
            }
        }
    }

    private static void Backward<T>(Tensor y, Tensor length, double eps, Tensor dy, Tensor dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long rows = length.Count, d = y.Shape[-1];
        for (long row = 0; row < rows; row++)
        {
            T* unit = y.Data<T>() + (row * d);
            T* from = dy.Data<T>() + (row * d);
            T* to = dx.Data<T>() + (row * d);
            T norm = length.Data<T>()[row];
            T along = T.Zero;
            if (norm > T.CreateChecked(eps))
            {
                for (long i = 0; i < d; i++)
                {
                    along += unit[i] * from[i];
                }
            }

            for (long i = 0; i < d; i++)
            {
                to[i] = (from[i] - (unit[i] * along)) / norm;
            }
        }
    }
}
