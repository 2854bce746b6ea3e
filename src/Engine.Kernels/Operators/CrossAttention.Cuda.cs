using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>What cross-attention adds to <see cref="AttentionCuda"/> on a CUDA device: the map.</summary>
public static class CrossAttentionCuda
{
    private const int Threads = 256;

    private static readonly KernelKey s_mean = new("cross_attention", "cross_attention_mean");

    /// <summary>map = mean of the weights over heads.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="weights">[b, h, s, t] of the dtype that sums run in</param>
    /// <param name="map">[b, s, t]</param>
    public static void MeanOverHeads(CudaDevice gpu, Tensor weights, Tensor map) => gpu.Launch(
        s_mean, map.DType, Dim3.Over(map.Count, Threads), Threads, 0,
        [weights, map, weights.Shape[1], weights.Shape[2] * weights.Shape[3], map.Count]);
}
