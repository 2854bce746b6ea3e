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

    /// <summary>destination += rate · (source − destination) over a stretch, on the calling thread: a moving average.</summary>
    /// <param name="destination">f32 or f64</param>
    /// <param name="source">same dtype and number of elements</param>
    /// <param name="rate">0 to 1</param>
    /// <param name="first">first element of the stretch</param>
    /// <param name="count">its elements</param>
    public static void MoveTowards(Tensor destination, Tensor source, double rate, long first, long count)
    {
        if (destination.DType == DType.F64)
        {
            Move(destination.Data<double>() + first, source.Data<double>() + first, rate, count);
        }
        else
        {
            Move(destination.Data<float>() + first, source.Data<float>() + first, (float)rate, count);
        }
    }

    private static void Move<T>(T* to, T* from, T rate, long count)
        where T : unmanaged, INumber<T>
    {
        var wide = new Vector<T>(rate);
        long i = 0;
        for (; i <= count - Vector<T>.Count; i += Vector<T>.Count)
        {
            var old = Vector.Load(to + i);
            (old + (wide * (Vector.Load(from + i) - old))).Store(to + i);
        }

        for (; i < count; i++)
        {
            to[i] += rate * (from[i] - to[i]);
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
