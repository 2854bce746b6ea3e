using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>The two loops of gradient clipping on cpu, over a piece of a gradient, on the calling thread.</summary>
public static unsafe class GradientNormCpu
{
    /// <summary>Σ g² in double, so that neither large nor small gradients leave the range.</summary>
    /// <param name="grad">f32 or f64</param>
    /// <param name="first">first element</param>
    /// <param name="count">number of elements</param>
    /// <returns>the sum; NaN or infinity where an element has one</returns>
    public static double SumOfSquares(Tensor grad, long first, long count)
    {
        if (grad.DType == DType.F64)
        {
            return Rows.SumOfSquares(grad.Data<double>() + first, 0, count);
        }

        float* g = grad.Data<float>() + first;
        var (sum0, sum1, sum2, sum3) = (Vector<double>.Zero, Vector<double>.Zero, Vector<double>.Zero, Vector<double>.Zero);
        long i = 0;
        for (; i <= count - (2 * Vector<float>.Count); i += 2 * Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(g + i), out var a, out var b);
            Vector.Widen(Vector.Load(g + i + Vector<float>.Count), out var c, out var d);
            sum0 += a * a;
            sum1 += b * b;
            sum2 += c * c;
            sum3 += d * d;
        }

        double sum = Vector.Sum((sum0 + sum1) + (sum2 + sum3));
        for (; i < count; i++)
        {
            sum += (double)g[i] * g[i];
        }

        return sum;
    }

    /// <summary>g ·= factor.</summary>
    /// <param name="grad">f32 or f64</param>
    /// <param name="first">first element</param>
    /// <param name="count">number of elements</param>
    /// <param name="factor">the factor</param>
    public static void Scale(Tensor grad, long first, long count, double factor)
    {
        if (grad.DType == DType.F64)
        {
            double* g = grad.Data<double>() + first;
            Rows.Scale(g, factor, g, count);
        }
        else
        {
            float* g = grad.Data<float>() + first;
            Rows.Scale(g, (float)factor, g, count);
        }
    }
}
