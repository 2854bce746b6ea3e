using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Table look-up on cpu.</summary>
public static unsafe class EmbeddingCpu
{
    /// <summary>Columns that one task of backward adds up, over all ids in order: no two tasks meet, and no sum depends on threads.</summary>
    private const long Columns = 64;

    /// <summary>y[i] = weight[ids[i]].</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="ids">i64 [n], each from 0 to v - 1</param>
    /// <param name="weight">[v, d]</param>
    /// <param name="y">[n, d]</param>
    public static void Forward(CpuDevice cpu, Tensor ids, Tensor weight, Tensor y)
    {
        long bytes = weight.Shape[1] * weight.DType.Size();
        cpu.For(ids.Count, Math.Max(1, 65536 / Math.Max(1, bytes)), (ids, weight, y, bytes), static (in t, begin, end) =>
        {
            byte* weight = (byte*)t.weight.Pointer, y = (byte*)t.y.Pointer;
            long* ids = t.ids.Data<long>();
            for (long i = begin; i < end; i++)
            {
                Buffer.MemoryCopy(weight + (ids[i] * t.bytes), y + (i * t.bytes), t.bytes, t.bytes);
            }
        });
    }

    /// <summary>dweight[v] = Σ of dy over the places where v stood, in their order.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="ids">i64 [n]</param>
    /// <param name="dy">[n, d]</param>
    /// <param name="dweight">[v, d]</param>
    public static void Backward(CpuDevice cpu, Tensor ids, Tensor dy, Tensor dweight)
    {
        cpu.For(dweight.Bytes, 1 << 20, dweight, static (in d, begin, end) => Rows.CopyOrClear(null, (byte*)d.Pointer + begin, end - begin));
        if (dy.DType == DType.F64)
        {
            Add<double>(cpu, ids, dy, dweight);
        }
        else
        {
            Add<float>(cpu, ids, dy, dweight);
        }
    }

    private static void Add<T>(CpuDevice cpu, Tensor ids, Tensor dy, Tensor dweight)
        where T : unmanaged, INumber<T>
    {
        cpu.For(dweight.Shape[1], Columns, (ids, dy, dweight), static (in t, begin, end) =>
        {
            long d = t.dweight.Shape[1];
            long* ids = t.ids.Data<long>();
            for (long i = 0; i < t.ids.Count; i++)
            {
                T* row = t.dweight.Data<T>() + (ids[i] * d) + begin;
                Rows.Add(row, t.dy.Data<T>() + (i * d) + begin, row, end - begin);
            }
        });
    }
}
