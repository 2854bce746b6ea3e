using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>Elementary functions on vectors of floats, to be inlined into kernels. Infinities give limits, NaN passes.</summary>
/// <remarks>Coefficients: own Chebyshev interpolation in 40 digits, at as many nodes as there are coefficients, rewritten in powers.</remarks>
internal static class FloatFunctions
{
    /// <summary>eˣ within 1.2e-7 of itself; below -104 it is 0, above 88.73 infinity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V x)
        where V : struct, IFloatLanes<V>
    {
        x = V.Max(V.Create(-105f), V.Min(V.Create(89f), x));
        V n = V.Round(x * V.Create(1.44269504f));
        return V.Scale(V.Create(1f) + ReducedExpM1(x, n), n);
    }

    /// <summary>tanh x within 2e-7 of itself, also next to 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<V>(V x)
        where V : struct, IFloatLanes<V>
    {
        // (e^2a - 1) / (e^2a + 1) from e^2a - 1 itself, so that nothing cancels; from a = 10 on it is 1.
        V a = V.Min(V.Create(10f), V.Abs(x));
        V y = a + a;
        V n = V.Round(y * V.Create(1.44269504f));
        V power = V.Scale(V.Create(1f), n);
        V expM1 = V.Fma(power, ReducedExpM1(y, n), power - V.Create(1f));
        return V.CopySign(expM1 / (expM1 + V.Create(2f)), x);
    }

    /// <summary>1 / (1 + e⁻ˣ) within 2.5e-7 of itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V>(V x)
        where V : struct, IFloatLanes<V> => V.Create(1f) / (V.Create(1f) + Exp(V.Create(0f) - x));

    /// <summary>x · Φ(x), exact GELU; an error of 2e-7 of |x| at most.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu<V>(V x)
        where V : struct, IFloatLanes<V>
    {
        x = V.Max(V.Create(-15f), x);       // where Φ is 0 already, so that -infinity gives 0 and not NaN
        return x * Normal(x, out _);
    }

    /// <summary>Φ(x) + x · φ(x), the derivative of exact GELU; an error of 3e-7 at most.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GeluDerivative<V>(V x)
        where V : struct, IFloatLanes<V>
    {
        x = V.Max(V.Create(-15f), V.Min(V.Create(15f), x));
        V distribution = Normal(x, out V bell);
        return V.Fma(x * V.Create(0.398942280f), bell, distribution);
    }

    /// <summary>Φ(x), the normal distribution function, and <paramref name="bell"/> = exp(-x²/2).</summary>
    /// <remarks>
    /// Φ(-t) = exp(-t²/2) · g(t) for t >= 0, where g falls smoothly from 1/2 to 0. g is a polynomial of degree 10 in 1 / (1 + 0.3 t),
    /// moved to [-1, 1] for the t from 0 to 15; relative error 1.2e-8.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Normal<V>(V x, out V bell)
        where V : struct, IFloatLanes<V>
    {
        V t = V.Min(V.Create(15f), V.Abs(x));
        bell = Exp(V.Create(-0.5f) * t * t);
        V u = V.Create(2.44444444f) / V.Fma(V.Create(0.3f), t, V.Create(1f)) - V.Create(1.44444444f);
        V g = V.Create(-2.409210346e-6f);
        g = V.Fma(g, u, V.Create(-2.940760345e-6f));
        g = V.Fma(g, u, V.Create(3.511083758e-5f));
        g = V.Fma(g, u, V.Create(2.985934767e-5f));
        g = V.Fma(g, u, V.Create(-4.525494594e-4f));
        g = V.Fma(g, u, V.Create(-7.24021409e-4f));
        g = V.Fma(g, u, V.Create(6.163084118e-3f));
        g = V.Fma(g, u, V.Create(3.703943334e-2f));
        g = V.Fma(g, u, V.Create(0.1068598111f));
        g = V.Fma(g, u, V.Create(0.2004179245f));
        g = V.Fma(g, u, V.Create(0.1506366969f));
        V tail = bell * g;
        return V.WhereNegative(x, tail, V.Create(1f) - tail);
    }

    /// <summary>eʳ - 1 for r = x - n · ln 2, |r| up to ln 2 / 2: r + r² · q(r), with q of degree 4; relative error of eʳ 1e-8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ReducedExpM1<V>(V x, V n)
        where V : struct, IFloatLanes<V>
    {
        // ln 2 in two parts: n times the first, which has 11 bits, is exact.
        V r = V.Fma(n, V.Create(-0.693359375f), x);
        r = V.Fma(n, V.Create(2.12194440e-4f), r);
        V q = V.Create(1.39261835876e-3f);
        q = V.Fma(q, r, V.Create(8.36317905272e-3f));
        q = V.Fma(q, r, V.Create(4.16665546172e-2f));
        q = V.Fma(q, r, V.Create(0.166665769897f));
        q = V.Fma(q, r, V.Create(0.5f));
        return V.Fma(r * r, q, r);
    }
}
