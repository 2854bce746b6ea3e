using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>The functions of one variable.</summary>
public enum ElementwiseFunction
{
    /// <summary>x · Φ(x), exact.</summary>
    Gelu,

    /// <summary>max(x, 0); NaN stays NaN.</summary>
    Relu,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    Sigmoid,
}

/// <summary>Functions applied element by element on cpu.</summary>
public static unsafe class ElementwiseCpu
{
    private const long Grain = 8192;

    /// <summary>y = f(x).</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="function">f</param>
    /// <param name="x">any shape</param>
    /// <param name="y">as x</param>
    public static void Forward(CpuDevice cpu, ElementwiseFunction function, Tensor x, Tensor y)
    {
        if (x.DType == DType.F64)
        {
            cpu.For(x.Count, Grain, (function, x, y), static (in t, begin, end) =>
                Forward(t.function, t.x.Data<double>() + begin, t.y.Data<double>() + begin, end - begin));
        }
        else
        {
            cpu.For(x.Count, Grain, (function, x, y), static (in t, begin, end) =>
                Forward(t.function, t.x.Data<float>() + begin, t.y.Data<float>() + begin, end - begin));
        }
    }

    /// <summary>dx = dy · f'(x).</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="function">f</param>
    /// <param name="saved">x for gelu, y for the others</param>
    /// <param name="dy">gradient of y</param>
    /// <param name="dx">receives the gradient of x</param>
    public static void Backward(CpuDevice cpu, ElementwiseFunction function, Tensor saved, Tensor dy, Tensor dx)
    {
        if (saved.DType == DType.F64)
        {
            cpu.For(saved.Count, Grain, (function, saved, dy, dx), static (in t, begin, end) =>
                Backward(
                    t.function, t.saved.Data<double>() + begin, t.dy.Data<double>() + begin, t.dx.Data<double>() + begin, end - begin));
        }
        else
        {
            cpu.For(saved.Count, Grain, (function, saved, dy, dx), static (in t, begin, end) =>
                Backward(t.function, t.saved.Data<float>() + begin, t.dy.Data<float>() + begin, t.dx.Data<float>() + begin, end - begin));
        }
    }

    private static void Forward(ElementwiseFunction function, double* x, double* y, long n)
    {
        switch (function)
        {
            case ElementwiseFunction.Gelu: VectorMath.Gelu(x, y, n); break;
            case ElementwiseFunction.Relu: Relu(x, y, n); break;
            case ElementwiseFunction.Tanh: VectorMath.Tanh(x, y, n); break;
            default: VectorMath.Sigmoid(x, y, n); break;
        }
    }

    private static void Forward(ElementwiseFunction function, float* x, float* y, long n)
    {
        switch (function)
        {
            case ElementwiseFunction.Gelu: VectorMath.Gelu(x, y, n); break;
            case ElementwiseFunction.Relu: Relu(x, y, n); break;
            case ElementwiseFunction.Tanh: VectorMath.Tanh(x, y, n); break;
            default: VectorMath.Sigmoid(x, y, n); break;
        }
    }

    private static void Backward(ElementwiseFunction function, double* saved, double* dy, double* dx, long n)
    {
        switch (function)
        {
            case ElementwiseFunction.Gelu: VectorMath.GeluBackward(saved, dy, dx, n); break;
            case ElementwiseFunction.Relu: Slope<double, ReluSlope>(saved, dy, dx, n); break;
            case ElementwiseFunction.Tanh: Slope<double, TanhSlope>(saved, dy, dx, n); break;
            default: Slope<double, SigmoidSlope>(saved, dy, dx, n); break;
        }
    }

    private static void Backward(ElementwiseFunction function, float* saved, float* dy, float* dx, long n)
    {
        switch (function)
        {
            case ElementwiseFunction.Gelu: VectorMath.GeluBackward(saved, dy, dx, n); break;
            case ElementwiseFunction.Relu: Slope<float, ReluSlope>(saved, dy, dx, n); break;
            case ElementwiseFunction.Tanh: Slope<float, TanhSlope>(saved, dy, dx, n); break;
            default: Slope<float, SigmoidSlope>(saved, dy, dx, n); break;
        }
    }

    private static void Relu<T>(T* x, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            var v = Vector.Load(x + i);
            Vector.ConditionalSelect(Vector.LessThan(v, Vector<T>.Zero), Vector<T>.Zero, v).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = x[i] < T.Zero ? T.Zero : x[i];
        }
    }

    private static void Slope<T, TSlope>(T* y, T* dy, T* dx, long n)
        where T : unmanaged, INumber<T>
        where TSlope : ISlope
    {
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            TSlope.Times(Vector.Load(y + i), Vector.Load(dy + i)).Store(dx + i);
        }

        if (i < n)
        {
            // The rest goes through a vector of its own: no second formula.
            T* rest = stackalloc T[2 * Vector<T>.Count];
            new Span<T>(rest, 2 * Vector<T>.Count).Clear();
            new Span<T>(y + i, (int)(n - i)).CopyTo(new Span<T>(rest, Vector<T>.Count));
            new Span<T>(dy + i, (int)(n - i)).CopyTo(new Span<T>(rest + Vector<T>.Count, Vector<T>.Count));
            TSlope.Times(Vector.Load(rest), Vector.Load(rest + Vector<T>.Count)).Store(rest);
            new Span<T>(rest, (int)(n - i)).CopyTo(new Span<T>(dx + i, (int)(n - i)));
        }
    }

    /// <summary>dy · f'(x), from y = f(x).</summary>
    private interface ISlope
    {
        static abstract Vector<T> Times<T>(Vector<T> y, Vector<T> dy);
    }

    private readonly struct ReluSlope : ISlope
    {
        public static Vector<T> Times<T>(Vector<T> y, Vector<T> dy) =>
            Vector.ConditionalSelect(Vector.LessThanOrEqual(y, Vector<T>.Zero), Vector<T>.Zero, dy);
    }

    private readonly struct TanhSlope : ISlope
    {
        public static Vector<T> Times<T>(Vector<T> y, Vector<T> dy) => dy * (Vector<T>.One - (y * y));
    }

    private readonly struct SigmoidSlope : ISlope
    {
        public static Vector<T> Times<T>(Vector<T> y, Vector<T> dy) => dy * y * (Vector<T>.One - y);
    }
}
