using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Sum and product of two tensors with broadcasting on cpu.</summary>
public static unsafe class BroadcastCpu
{
    private const long Grain = 16384;

    /// <summary>y = a + b.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="a">broadcasts to y</param>
    /// <param name="b">broadcasts to y</param>
    /// <param name="y">receives the sum</param>
    public static void Add(CpuDevice cpu, Tensor a, Tensor b, Tensor y)
    {
        if (y.DType == DType.F64)
        {
            Run<double, Sum>(cpu, a, b, y);
        }
        else
        {
            Run<float, Sum>(cpu, a, b, y);
        }
    }

    /// <summary>y = a · b.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="a">broadcasts to y</param>
    /// <param name="b">broadcasts to y</param>
    /// <param name="y">receives the product</param>
    public static void Multiply(CpuDevice cpu, Tensor a, Tensor b, Tensor y)
    {
        if (y.DType == DType.F64)
        {
            Run<double, Product>(cpu, a, b, y);
        }
        else
        {
            Run<float, Product>(cpu, a, b, y);
        }
    }

    private static void Run<T, TOperation>(CpuDevice cpu, Tensor a, Tensor b, Tensor y)
        where T : unmanaged, INumber<T>
        where TOperation : IOperation
    {
        var plan = BroadcastPlan.Of(y.Shape, a.Shape, b.Shape);
        cpu.For(y.Count, Grain, (plan, a, b, y), static (in t, begin, end) =>
        {
            // A chunk may start and end inside an inner loop.
            long inner = t.plan.Inner;
            while (begin < end)
            {
                long row = begin / inner, column = begin % inner;
                long n = Math.Min(inner - column, end - begin);
                t.plan.Offsets(row, out long offsetA, out long offsetB);
                T* a = t.a.Data<T>() + offsetA + (column * t.plan.InnerA);
                T* b = t.b.Data<T>() + offsetB + (column * t.plan.InnerB);
                Row<T, TOperation>(a, t.plan.InnerA == 0, b, t.plan.InnerB == 0, t.y.Data<T>() + begin, n);
                begin += n;
            }
        });
    }

    private static void Row<T, TOperation>(T* a, bool oneA, T* b, bool oneB, T* y, long n)
        where T : unmanaged, INumber<T>
        where TOperation : IOperation
    {
        var (allA, allB) = (new Vector<T>(*a), new Vector<T>(*b));
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            TOperation.Of(oneA ? allA : Vector.Load(a + i), oneB ? allB : Vector.Load(b + i)).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = TOperation.Of(oneA ? *a : a[i], oneB ? *b : b[i]);
        }
    }

    private interface IOperation
    {
        static abstract Vector<T> Of<T>(Vector<T> a, Vector<T> b);

        static abstract T Of<T>(T a, T b)
            where T : INumber<T>;
    }

    private readonly struct Sum : IOperation
    {
        public static Vector<T> Of<T>(Vector<T> a, Vector<T> b) => a + b;

        public static T Of<T>(T a, T b)
            where T : INumber<T> => a + b;
    }

    private readonly struct Product : IOperation
    {
        public static Vector<T> Of<T>(Vector<T> a, Vector<T> b) => a * b;

        public static T Of<T>(T a, T b)
            where T : INumber<T> => a * b;
    }
}
