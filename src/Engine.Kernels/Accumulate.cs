using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Adds one gradient to another.</summary>
public static unsafe class Accumulate
{
    private const long Grain = 16384;

    /// <summary>destination += source, element by element.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="destination">f32 or f64</param>
    /// <param name="source">same dtype and number of elements</param>
    public static void AddInto(CpuDevice cpu, Tensor destination, Tensor source)
    {
        if (destination.DType == DType.F64)
        {
            cpu.For(destination.Count, Grain, (destination, source), static (in s, begin, end) =>
                Add(s.destination.Data<double>(), s.source.Data<double>(), begin, end));
        }
        else
        {
            cpu.For(destination.Count, Grain, (destination, source), static (in s, begin, end) =>
                Add(s.destination.Data<float>(), s.source.Data<float>(), begin, end));
        }
    }

    private static void Add<T>(T* to, T* from, long begin, long end)
        where T : unmanaged, INumber<T>
    {
        long i = begin;
        for (; i <= end - Vector<T>.Count; i += Vector<T>.Count)
        {
            (Vector.Load(to + i) + Vector.Load(from + i)).Store(to + i);
        }

        for (; i < end; i++)
        {
            to[i] += from[i];
        }
    }
}
