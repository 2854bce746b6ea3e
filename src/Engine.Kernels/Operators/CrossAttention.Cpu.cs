using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>What cross-attention adds to <see cref="AttentionCpu"/> on cpu: the map.</summary>
public static unsafe class CrossAttentionCpu
{
    /// <summary>map = mean of the weights over heads.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="weights">[b, h, s, t]</param>
    /// <param name="map">[b, s, t]</param>
    public static void MeanOverHeads(CpuDevice cpu, Tensor weights, Tensor map)
    {
        if (map.DType == DType.F64)
        {
            MeanOverHeads<double>(cpu, weights, map);
        }
        else
        {
            MeanOverHeads<float>(cpu, weights, map);
        }
    }

    private static void MeanOverHeads<T>(CpuDevice cpu, Tensor weights, Tensor map)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long heads = weights.Shape[1], each = weights.Shape[2] * weights.Shape[3];
        cpu.For(map.Shape[0], Math.Max(1, 16384 / Math.Max(1, heads * each)), (weights, map, heads, each), static (in t, begin, end) =>
        {
            for (long batch = begin; batch < end; batch++)
            {
                T* map = t.map.Data<T>() + (batch * t.each);
                T* from = t.weights.Data<T>() + (batch * t.heads * t.each);
                Rows.CopyOrClear(from, map, t.each);
                for (long head = 1; head < t.heads; head++)
                {
                    Rows.Add(map, from + (head * t.each), map, t.each);
                }

                AttentionRows.Scale(map, T.One / T.CreateChecked(t.heads), map, t.each);
            }
        });
    }
}
