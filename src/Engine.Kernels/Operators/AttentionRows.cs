using System.Numerics;
using System.Runtime.CompilerServices;

namespace Engine.Kernels.Operators;

/// <summary>What attention does to one row of scores. Rows are padded to <see cref="Padding"/>; a padding element is finite, its mask −∞.</summary>
internal static unsafe class AttentionRows
{
    /// <summary>Elements that every vector width divides.</summary>
    public const long Padding = 16;

    /// <summary>s = exp(scale·s + mask − max), with max and 1/Σ; a row without keys becomes 0 with 1/Σ = 0.</summary>
    public static (T Max, T Inverse) Exponentiate<T>(T* s, T* mask, double scale, long n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        float max32, inverse32;
        if (typeof(T) == typeof(double))
        {
            double inverse64 = Exponentiate((double*)s, (double*)mask, scale, n, out double max64);
            return (T.CreateChecked(max64), T.CreateChecked(inverse64));
        }

        inverse32 = Lanes512.IsBest
            ? Exponentiate<Lanes512>((float*)s, (float*)mask, (float)scale, n, out max32)
            : Exponentiate<Lanes256>((float*)s, (float*)mask, (float)scale, n, out max32);
        return (T.CreateChecked(max32), T.CreateChecked(inverse32));
    }

    /// <summary>
    /// From scores s to weights p (times the dropout factors, where given) in s, and from dp, the gradient of the product's weights, to the
    /// gradient of the unscaled scores in dp: scale·p·(g − Σ p·g), g = dp·factors + dmap, or (dp + dmap)·factors.
    /// </summary>
    /// <param name="s">scores before scale and mask</param>
    /// <param name="mask">0 or −∞</param>
    /// <param name="dp">gradient of the weights that met the values</param>
    /// <param name="factors">of dropout; null: none</param>
    /// <param name="dmap">gradient of the weights that the map shows; null: none</param>
    /// <param name="after">the map shows weights after dropout</param>
    /// <param name="scale">of the scores</param>
    /// <param name="max">from forward</param>
    /// <param name="inverse">from forward</param>
    /// <param name="n">padded length</param>
    public static void Backward<T>(T* s, T* mask, T* dp, T* factors, T* dmap, bool after, double scale, T max, T inverse, long n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(double))
        {
            Backward((double*)s, (double*)mask, (double*)dp, (double*)factors, (double*)dmap, after, scale,
                double.CreateChecked(max), double.CreateChecked(inverse), n);
        }
        else if (Lanes512.IsBest)
        {
            Backward<Lanes512>((float*)s, (float*)mask, (float*)dp, (float*)factors, (float*)dmap, after, (float)scale,
                float.CreateChecked(max), float.CreateChecked(inverse), n);
        }
        else
        {
            Backward<Lanes256>((float*)s, (float*)mask, (float*)dp, (float*)factors, (float*)dmap, after, (float)scale,
                float.CreateChecked(max), float.CreateChecked(inverse), n);
        }
    }

    /// <summary>y = x · factor.</summary>
    public static void Scale<T>(T* x, T factor, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            (Vector.Load(x + i) * factor).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = x[i] * factor;
        }
    }

    /// <summary>x *= y.</summary>
    public static void Multiply<T>(T* x, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            (Vector.Load(x + i) * Vector.Load(y + i)).Store(x + i);
        }

        for (; i < n; i++)
        {
            x[i] *= y[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Exponentiate<V>(float* s, float* mask, float scale, long n, out float max)
        where V : struct, IFloatLanes<V>
    {
        V vscale = V.Create(scale), vmax = V.Create(float.NegativeInfinity);
        for (long i = 0; i < n; i += V.Count)
        {
            V x = V.Fma(vscale, V.Load(s + i), V.Load(mask + i));
            V.Store(x, s + i);
            vmax = V.Max(vmax, x);
        }

        max = V.Largest(vmax);
        if (max == float.NegativeInfinity)
        {
            max = 0;
            new Span<float>(s, (int)n).Clear();
            return 0;
        }

        V shift = V.Create(max), sum = V.Create(0);
        for (long i = 0; i < n; i += V.Count)
        {
            V e = FloatFunctions.Exp(V.Load(s + i) - shift);
            V.Store(e, s + i);
            sum += e;
        }

        return 1 / V.Sum(sum);
    }

    private static double Exponentiate(double* s, double* mask, double scale, long n, out double max)
    {
        max = double.NegativeInfinity;
        for (long i = 0; i < n; i++)
        {
            s[i] = (scale * s[i]) + mask[i];
            max = Math.Max(max, s[i]);
        }

        if (max == double.NegativeInfinity)
        {
            max = 0;
            new Span<double>(s, (int)n).Clear();
            return 0;
        }

        double sum = 0;
        for (long i = 0; i < n; i++)
        {
            s[i] = Math.Exp(s[i] - max);
            sum += s[i];
        }

        return 1 / sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward<V>(
        float* s, float* mask, float* dp, float* factors, float* dmap, bool after, float scale, float max, float inverse, long n)
        where V : struct, IFloatLanes<V>
    {
        V vscale = V.Create(scale), shift = V.Create(max), vinverse = V.Create(inverse), sum = V.Create(0);
        for (long i = 0; i < n; i += V.Count)
        {
            V p = FloatFunctions.Exp(V.Fma(vscale, V.Load(s + i), V.Load(mask + i)) - shift) * vinverse;
            V g = V.Load(dp + i);
            if (dmap != null && after)
            {
                g += V.Load(dmap + i);
            }

            if (factors != null)
            {
                g *= V.Load(factors + i);
            }

            if (dmap != null && !after)
            {
                g += V.Load(dmap + i);
            }

            V.Store(p, s + i);
            V.Store(g, dp + i);
            sum = V.Fma(p, g, sum);
        }

        V mean = V.Create(V.Sum(sum));
        for (long i = 0; i < n; i += V.Count)
        {
            V p = V.Load(s + i);
            V.Store(p * vscale * (V.Load(dp + i) - mean), dp + i);
            if (factors != null)
            {
                V.Store(p * V.Load(factors + i), s + i);
            }
        }
    }

    private static void Backward(
        double* s, double* mask, double* dp, double* factors, double* dmap, bool after, double scale, double max, double inverse, long n)
    {
        double mean = 0;
        for (long i = 0; i < n; i++)
        {
            s[i] = Math.Exp((scale * s[i]) + mask[i] - max) * inverse;
            double map = dmap == null ? 0 : dmap[i], factor = factors == null ? 1 : factors[i];
            dp[i] = after ? (dp[i] + map) * factor : (dp[i] * factor) + map;
            mean += s[i] * dp[i];
        }

        for (long i = 0; i < n; i++)
        {
            dp[i] = scale * s[i] * (dp[i] - mean);
            s[i] *= factors == null ? 1 : factors[i];
        }
    }
}
