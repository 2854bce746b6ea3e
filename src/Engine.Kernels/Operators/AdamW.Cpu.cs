using System.Runtime.CompilerServices;

namespace Engine.Kernels.Operators;

/// <summary>The numbers of one AdamW step; names and defaults are PyTorch's.</summary>
/// <param name="LearningRate">lr</param>
/// <param name="Step">which step of these parameters this is, from 1</param>
/// <param name="Beta1">decay of the first moment</param>
/// <param name="Beta2">decay of the second moment</param>
/// <param name="Epsilon">added to the root</param>
/// <param name="WeightDecay">decoupled; 0 = none</param>
/// <param name="GradientScale">multiplies each gradient first: clipping by norm, or 1 / loss scale</param>
public readonly record struct AdamWStep(double LearningRate, long Step, double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8,
    double WeightDecay = 0.01, double GradientScale = 1)
{
    /// <summary>What a parameter keeps of itself: 1 − lr · decay.</summary>
    public double Keep => 1 - LearningRate * WeightDecay;

    /// <summary>lr / (1 − β1ᵗ).</summary>
    public double Rate => LearningRate / (1 - Math.Pow(Beta1, Step));

    /// <summary>1 / √(1 − β2ᵗ).</summary>
    public double InverseRoot => 1 / Math.Sqrt(1 - Math.Pow(Beta2, Step));
}

/// <summary>AdamW on cpu: one pass over parameters, gradients and both moments.</summary>
/// <remarks>
/// Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, as PyTorch orders it: p -= lr · decay · p; m += (1 - β1)(g - m);
/// v = β2 v + (1 - β2) g²; p -= lr / (1 - β1ᵗ) · m / (√v / √(1 - β2ᵗ) + ε). The last result depends on the element alone, not on threads.
/// </remarks>
public static unsafe class AdamWKernel
{
    private const long Grain = 1 << 15;     // four streams of 128 KB: about 10 us from cache

    /// <summary>One step in single precision.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="p">[n], parameters, updated</param>
    /// <param name="g">[n], gradients</param>
    /// <param name="m">[n], first moment, updated; zeros before step 1</param>
    /// <param name="v">[n], second moment, updated; zeros before step 1</param>
    /// <param name="n">elements</param>
    /// <param name="step">rates and count</param>
    /// <exception cref="ArgumentOutOfRangeException">the count of steps is below 1</exception>
    public static void Step(CpuDevice cpu, float* p, float* g, float* m, float* v, long n, in AdamWStep step) =>
        cpu.For(n, Grain, new Work<float>(p, g, m, v, in step), static (in Work<float> w, long begin, long end) =>
        {
            if (Lanes512.IsBest)
            {
                Range<Lanes512>(in w, begin, end);
            }
            else
            {
                Range<Lanes256>(in w, begin, end);
            }
        });

    /// <summary>One step in double precision; parameters as in the single-precision form.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="p">[n], parameters, updated</param>
    /// <param name="g">[n], gradients</param>
    /// <param name="m">[n], first moment, updated; zeros before step 1</param>
    /// <param name="v">[n], second moment, updated; zeros before step 1</param>
    /// <param name="n">elements</param>
    /// <param name="step">rates and count</param>
    /// <exception cref="ArgumentOutOfRangeException">the count of steps is below 1</exception>
    public static void Step(CpuDevice cpu, double* p, double* g, double* m, double* v, long n, in AdamWStep step) =>
        cpu.For(n, Grain, new Work<double>(p, g, m, v, in step), static (in Work<double> w, long begin, long end) =>
        {
            for (long i = begin; i < end; i++)
            {
                double gradient = w.G[i] * w.GradientScale;
                w.M[i] += w.Gain1 * (gradient - w.M[i]);
                w.V[i] = w.Beta2 * w.V[i] + w.Gain2 * (gradient * gradient);
                w.P[i] = w.Keep * w.P[i] - w.Rate * w.M[i] / (Math.Sqrt(w.V[i]) * w.InverseRoot + w.Epsilon);
            }
        });

    /// <summary>The same step on vectors of floats.</summary>
    internal static void Range<V>(in Work<float> w, long begin, long end)
        where V : struct, IFloatLanes<V>
    {
        long whole = begin + (end - begin) / V.Count * V.Count;
        Vectors<V>(in w, w.P + begin, w.G + begin, w.M + begin, w.V + begin, whole - begin);
        int rest = (int)(end - whole);
        if (rest == 0)
        {
            return;
        }
        // The rest goes through the same vector code, so that an element's bits do not depend on its place.
        float* copy = stackalloc float[4 * 16];
        new Span<float>(copy, 64).Clear();
        for (int i = 0; i < 4; i++)
        {
            new Span<float>((i switch { 0 => w.P, 1 => w.G, 2 => w.M, _ => w.V }) + whole, rest).CopyTo(new Span<float>(copy + 16 * i, 16));
        }
        Vectors<V>(in w, copy, copy + 16, copy + 32, copy + 48, V.Count);
        new Span<float>(copy, rest).CopyTo(new Span<float>(w.P + whole, rest));
        new Span<float>(copy + 32, rest).CopyTo(new Span<float>(w.M + whole, rest));
        new Span<float>(copy + 48, rest).CopyTo(new Span<float>(w.V + whole, rest));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Vectors<V>(in Work<float> w, float* p, float* g, float* m, float* v, long n)
        where V : struct, IFloatLanes<V>
    {
        V scale = V.Create((float)w.GradientScale), gain1 = V.Create((float)w.Gain1), beta2 = V.Create((float)w.Beta2);
        V gain2 = V.Create((float)w.Gain2), keep = V.Create((float)w.Keep), rate = V.Create((float)-w.Rate);
        V inverseRoot = V.Create((float)w.InverseRoot), epsilon = V.Create((float)w.Epsilon);
        for (long i = 0; i < n; i += V.Count)
        {
            V gradient = V.Load(g + i) * scale;
            V first = V.Load(m + i);
            first = V.Fma(gradient - first, gain1, first);
            V second = V.Fma(gradient * gradient, gain2, V.Load(v + i) * beta2);
            V.Store(first, m + i);
            V.Store(second, v + i);
            V change = rate * first / V.Fma(V.Sqrt(second), inverseRoot, epsilon);
            V.Store(V.Fma(V.Load(p + i), keep, change), p + i);
        }
    }

    internal readonly struct Work<T>
        where T : unmanaged
    {
        public readonly T* P, G, M, V;
        public readonly double GradientScale, Gain1, Beta2, Gain2, Keep, Rate, InverseRoot, Epsilon;

        public Work(T* p, T* g, T* m, T* v, in AdamWStep step)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(step.Step, 1);
            P = p;
            G = g;
            M = m;
            V = v;
            GradientScale = step.GradientScale;
            Gain1 = 1 - step.Beta1;
            Beta2 = step.Beta2;
            Gain2 = 1 - step.Beta2;
            Keep = step.Keep;
            Rate = step.Rate;
            InverseRoot = step.InverseRoot;
            Epsilon = step.Epsilon;
        }
    }
}
