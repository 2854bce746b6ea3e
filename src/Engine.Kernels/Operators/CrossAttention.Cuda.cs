using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>What cross-attention adds to <see cref="AttentionCuda"/> on a CUDA device: the map.</summary>
public static class CrossAttentionCuda
{
    private const int Threads = 256;

    private static readonly KernelKey s_mean = new("cross_attention", "cross_attention_mean");

    /// <summary>The weights that <see cref="AttentionCuda.Forward"/> writes: each head begins at whole 32 bytes.</summary>
    /// <param name="problem">its sizes</param>
    /// <returns>[b, h, s·t rounded up to 8]</returns>
    public static Shape WeightsShape(in AttentionProblem problem) => [problem.Batches, problem.Heads, ((problem.Queries * problem.Keys) + 7) / 8 * 8];

    /// <summary>map = mean of the weights over heads.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="weights">of <see cref="WeightsShape"/> and the dtype that sums run in</param>
    /// <param name="map">[b, s, t]</param>
    public static void MeanOverHeads(CudaDevice gpu, Tensor weights, Tensor map)
    {
        long count = map.Shape[1] * map.Shape[2];
        long blocks = map.Shape[0] * ((count + Threads - 1) / Threads);
        gpu.Launch(s_mean, map.DType, blocks, Threads, 0, [weights, map, weights.Shape[1], count]);
    }
}
