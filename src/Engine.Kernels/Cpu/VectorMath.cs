using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>Elementary functions over arrays. Infinities give limits, NaN passes, and y may be x.</summary>
/// <remarks>float: within about 2e-7; double: within about 1e-15. An element's result depends on the element alone.</remarks>
public static unsafe class VectorMath
{
    /// <summary>y = eˣ.</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Exp(float* x, float* y, long n) => Map<ExpOf>(x, y, n);

    /// <summary>y = eˣ.</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Exp(double* x, double* y, long n) => Map<ExpOf>(x, y, n);

    /// <summary>y = tanh x.</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Tanh(float* x, float* y, long n) => Map<TanhOf>(x, y, n);

    /// <summary>y = tanh x.</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Tanh(double* x, double* y, long n) => Map<TanhOf>(x, y, n);

    /// <summary>y = 1 / (1 + e⁻ˣ).</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Sigmoid(float* x, float* y, long n) => Map<SigmoidOf>(x, y, n);

    /// <summary>y = 1 / (1 + e⁻ˣ).</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Sigmoid(double* x, double* y, long n) => Map<SigmoidOf>(x, y, n);

    /// <summary>y = x · Φ(x), exact GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Gelu(float* x, float* y, long n) => Map<GeluOf>(x, y, n);

    /// <summary>y = x · Φ(x), exact GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
    /// <param name="x">[n]</param>
    /// <param name="y">[n]</param>
    /// <param name="n">elements</param>
    public static void Gelu(double* x, double* y, long n) => Map<GeluOf>(x, y, n);

    /// <summary>dx = dy · (Φ(x) + x · φ(x)), the gradient of exact GELU.</summary>
    /// <param name="x">[n], the input of the forward pass</param>
    /// <param name="dy">[n], gradient of the output</param>
    /// <param name="dx">[n], gradient of the input; may be x or dy</param>
    /// <param name="n">elements</param>
    public static void GeluBackward(float* x, float* dy, float* dx, long n)
    {
        if (Lanes512.IsBest)
        {
            GeluBackward<Lanes512>(x, dy, dx, n);
        }
        else
        {
            GeluBackward<Lanes256>(x, dy, dx, n);
        }
    }

    /// <summary>dx = dy · (Φ(x) + x · φ(x)), the gradient of exact GELU.</summary>
    /// <param name="x">[n], the input of the forward pass</param>
    /// <param name="dy">[n], gradient of the output</param>
    /// <param name="dx">[n], gradient of the input; may be x or dy</param>
    /// <param name="n">elements</param>
    public static void GeluBackward(double* x, double* dy, double* dx, long n)
    {
        for (long i = 0; i < n; i++)
        {
            dx[i] = dy[i] * DoubleFunctions.GeluDerivative(x[i]);
        }
    }

    private static void Map<TFunction>(double* x, double* y, long n)
        where TFunction : IFunction
    {
        for (long i = 0; i < n; i++)
        {
            y[i] = TFunction.Of(x[i]);
        }
    }

    private static void Map<TFunction>(float* x, float* y, long n)
        where TFunction : IFunction
    {
        if (Lanes512.IsBest)
        {
            Map<Lanes512, TFunction>(x, y, n);
        }
        else
        {
            Map<Lanes256, TFunction>(x, y, n);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Map<V, TFunction>(float* x, float* y, long n)
        where V : struct, IFloatLanes<V>
        where TFunction : IFunction
    {
        long i = 0;
        for (; i + V.Count <= n; i += V.Count)
        {
            V.Store(TFunction.Of(V.Load(x + i)), y + i);
        }
        if (i < n)
        {
            // The rest goes through a vector of its own: the same instructions, so the same bits, as anywhere else.
            float* rest = stackalloc float[16];
            new Span<float>(x + i, (int)(n - i)).CopyTo(new Span<float>(rest, 16));
            V.Store(TFunction.Of(V.Load(rest)), rest);
            new Span<float>(rest, (int)(n - i)).CopyTo(new Span<float>(y + i, (int)(n - i)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GeluBackward<V>(float* x, float* dy, float* dx, long n)
        where V : struct, IFloatLanes<V>
    {
        long i = 0;
        for (; i + V.Count <= n; i += V.Count)
        {
            V.Store(V.Load(dy + i) * FloatFunctions.GeluDerivative(V.Load(x + i)), dx + i);
        }
        if (i < n)
        {
            float* rest = stackalloc float[16];
            new Span<float>(x + i, (int)(n - i)).CopyTo(new Span<float>(rest, 16));
            V.Store(FloatFunctions.GeluDerivative(V.Load(rest)), rest);
            for (long j = 0; i < n; i++, j++)
            {
                dx[i] = dy[i] * rest[j];
            }
        }
    }

    internal interface IFunction
    {
        static abstract V Of<V>(V x)
            where V : struct, IFloatLanes<V>;

        static abstract double Of(double x);
    }

    internal readonly struct ExpOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<V>(V x)
            where V : struct, IFloatLanes<V> => FloatFunctions.Exp(x);

        public static double Of(double x) => Math.Exp(x);
    }

    internal readonly struct TanhOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<V>(V x)
            where V : struct, IFloatLanes<V> => FloatFunctions.Tanh(x);

        public static double Of(double x) => Math.Tanh(x);
    }

    internal readonly struct SigmoidOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<V>(V x)
            where V : struct, IFloatLanes<V> => FloatFunctions.Sigmoid(x);

        public static double Of(double x) => DoubleFunctions.Sigmoid(x);
    }

    internal readonly struct GeluOf : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Of<V>(V x)
            where V : struct, IFloatLanes<V> => FloatFunctions.Gelu(x);

        public static double Of(double x) => DoubleFunctions.Gelu(x);
    }
}
