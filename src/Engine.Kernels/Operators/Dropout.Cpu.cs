using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Dropout on cpu: the factors are drawn where they are used, forward and again backward; no mask is stored.</summary>
public static unsafe class DropoutCpu
{
    private const long Grain = 8192;
    private const int Batch = 256;

    /// <summary>y = x · factor, factor i = 0 or 1/(1 - p) from word offset + i of the seed; the gradient is the same product.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">any shape</param>
    /// <param name="p">probability of a zero, 0 to 1</param>
    /// <param name="seed">Philox key</param>
    /// <param name="offset">word of the first element</param>
    /// <param name="y">as x</param>
    public static void Apply(CpuDevice cpu, Tensor x, double p, ulong seed, ulong offset, Tensor y)
    {
        if (x.DType == DType.F64)
        {
            Apply<double>(cpu, x, p, seed, offset, y);
        }
        else
        {
            Apply<float>(cpu, x, p, seed, offset, y);
        }
    }

    private static void Apply<T>(CpuDevice cpu, Tensor x, double p, ulong seed, ulong offset, Tensor y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(x.Count, Grain, (x, p, seed, offset, y), static (in t, begin, end) =>
        {
            T* factors = stackalloc T[Batch];
            for (long first = begin; first < end; first += Batch)
            {
                long n = Math.Min(Batch, end - first);
                Philox.DropoutFactors(t.seed, t.offset + (ulong)first, t.p, factors, n);
                T* x = t.x.Data<T>() + first, y = t.y.Data<T>() + first;
                long i = 0;
                for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
                {
                    (Vector.Load(x + i) * Vector.Load(factors + i)).Store(y + i);
                }

                for (; i < n; i++)
                {
                    y[i] = x[i] * factors[i];
                }
            }
        });
    }
}
