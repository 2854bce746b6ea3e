using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Attention in bf16 with tensor cores, a whole head in shared memory: launches of kernels/attention_mma.cu.</summary>
public static unsafe class AttentionMmaCuda
{
    private const int MostKeys = 256, MostQueries = 256;

    private static readonly KernelKey s_forward = new("attention_mma", "attention_mma_forward", "HEAD_DIM", "KEYS");
    private static readonly KernelKey s_backward = new("attention_mma", "attention_mma_backward", "HEAD_DIM", "KEYS");

    /// <summary>
    /// Whether these kernels serve a problem, forward and backward: bf16, at most 256 keys and queries of 16, 32 or 64 elements, and what they
    /// keep of one head fits into the device's shared memory (163 KB on sm_80 and 227 KB on sm_90 do for 197 tokens; 99 KB do not).
    /// </summary>
    /// <param name="gpu">would run them</param>
    /// <param name="problem">inputs and attributes; without a map</param>
    /// <returns>false: <see cref="AttentionCuda"/> does</returns>
    public static bool Serves(CudaDevice gpu, in AttentionProblem problem)
        => problem.Q.Tensor.DType == DType.BF16
        && problem.Depth is 16 or 32 or 64
        && problem.Keys is >= 1 and <= MostKeys
        && problem.Queries is >= 1 and <= MostQueries
        && Math.Max(ForwardShared(in problem), BackwardShared(in problem)) <= gpu.Properties.SharedBytesOptIn
        && IsPacked(problem.Q) && IsPacked(problem.K) && IsPacked(problem.V);

    /// <summary>y, and what backward needs.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="problem">inputs and attributes</param>
    /// <param name="y">[s, d] a head</param>
    /// <param name="stats">f32 [b, h, s, 2]: receives each row's maximum and 1/Σ</param>
    public static void Forward(CudaDevice gpu, in AttentionProblem problem, HeadRows y, Tensor stats)
    {
        ref readonly var p = ref problem;
        int keys = PaddedKeys(in p);
        gpu.Launch(
            s_forward, DType.BF16, p.Batches * p.Heads, 128, ForwardShared(in p),
            [
                p.Q.Address, p.K.Address, p.V.Address, p.KeyMask,
                (float)p.Scale, AttentionCuda.Threshold(in p), AttentionCuda.Kept(in p), p.Seed, p.Offset, y.Address, stats,
                p.Q.Batch, p.Q.Head, p.Q.Row, p.K.Batch, p.K.Head, p.K.Row, y.Batch, y.Head, y.Row, p.Heads, p.Queries, p.Keys,
            ],
            (int)p.Depth, keys);
    }

    /// <summary>Gradients of q, k and v.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="problem">inputs and attributes</param>
    /// <param name="stats">f32 [b, h, s, 2] of forward</param>
    /// <param name="y">[s, d] a head, of forward</param>
    /// <param name="dy">[s, d] a head, with the strides of y</param>
    /// <param name="dq">[s, d] a head; null: not wanted</param>
    /// <param name="dk">[t, d] a head; null: not wanted</param>
    /// <param name="dv">[t, d] a head; null: not wanted</param>
    public static void Backward(
        CudaDevice gpu, in AttentionProblem problem, Tensor stats, HeadRows y, HeadRows dy, HeadRows? dq, HeadRows? dk, HeadRows? dv)
    {
        ref readonly var p = ref problem;
        int keys = PaddedKeys(in p);
        gpu.Launch(
            s_backward, DType.BF16, p.Batches * p.Heads, 2 * keys, BackwardShared(in p),
            [
                p.Q.Address, p.K.Address, p.V.Address, p.KeyMask,
                (float)p.Scale, AttentionCuda.Threshold(in p), AttentionCuda.Kept(in p), p.Seed, p.Offset, stats, y.Address, dy.Address,
                dq?.Address ?? 0, dk?.Address ?? 0, dv?.Address ?? 0,
                p.Q.Batch, p.Q.Head, p.Q.Row, p.K.Batch, p.K.Head, p.K.Row, y.Batch, y.Head, y.Row, p.Heads, p.Queries, p.Keys,
            ],
            (int)p.Depth, keys);
    }

    private static int PaddedKeys(in AttentionProblem p) => (int)((p.Keys + 15) / 16 * 16);

    /// <summary>Elements from row to row in shared memory: an odd number of 16-byte packs.</summary>
    private static int Pitch(in AttentionProblem p) => (((int)p.Depth / 8) | 1) * 8;

    private static int ForwardShared(in AttentionProblem p) => (2 * ((2 * PaddedKeys(in p)) + 64) * Pitch(in p)) + PaddedKeys(in p);

    private static int BackwardShared(in AttentionProblem p)
    {
        int keys = PaddedKeys(in p), queries = (int)((p.Queries + 15) / 16 * 16);
        return (4 * (keys + queries) * Pitch(in p)) + (96 * keys) + (12 * queries);
    }

    private static bool IsPacked(HeadRows x) => (x.Batch | x.Head | x.Row) % 8 == 0 && x.Address % 16 == 0;
}
