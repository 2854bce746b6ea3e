using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Attention on a CUDA device: launches of kernels/attention.cu.</summary>
/// <remarks>k and v have the same strides, as have q and dq, k, v, dk and dv, y and dy: so it is in every layout of <see cref="HeadRows"/>.</remarks>
public static unsafe class AttentionCuda
{
    private const int Tile = 32, WarpRows = 4, Threads = 256;

    /// <summary>Shared memory that a block takes while it may have fewer rows instead: what every device from sm_80 on has.</summary>
    private const long SharedBytes = 96 * 1024;

    private static readonly KernelKey s_forward = new("attention", "attention_forward", "HEAD_DIM", "PACKED");
    private static readonly KernelKey s_backwardQ = new("attention", "attention_backward_q", "HEAD_DIM", "PACKED");
    private static readonly KernelKey s_backwardKv = new("attention", "attention_backward_kv", "HEAD_DIM", "PACKED");

    /// <summary>y, and what backward needs.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="problem">inputs and attributes</param>
    /// <param name="y">[s, d] a head</param>
    /// <param name="stats">[b, h, s, 2] of the dtype that sums run in: receives each row's maximum and 1/Σ</param>
    /// <param name="weights">of <see cref="CrossAttentionCuda.WeightsShape"/> and that dtype: receives the weights that the map shows; null = not wanted</param>
    public static void Forward(CudaDevice gpu, in AttentionProblem problem, HeadRows y, Tensor stats, Tensor? weights)
    {
        ref readonly var p = ref problem;
        var dtype = y.Tensor.DType;
        int rows = Rows(in p, dtype, hasGradient: false);
        gpu.Launch(
            s_forward, dtype, Blocks(in p, p.Queries, rows), Threads, Shared(in p, dtype, rows, hasGradient: false),
            [
                p.Q.Address, p.K.Address, p.V.Address, p.KeyMask,
                Arg.Accum(p.Scale), Threshold(in p), Kept(in p), p.Seed, p.Offset, p.MapAfterDropout, y.Address, stats, weights,
                p.Q.Batch, p.Q.Head, p.Q.Row, p.K.Batch, p.K.Head, p.K.Row, y.Batch, y.Head, y.Row, p.Heads, p.Queries, p.Keys, rows,
            ],
            (int)p.Depth, Packed(in p, y));
    }

    /// <summary>Whether <see cref="Backward"/> needs a workspace for one number a row: one block does not hold all queries of a head.</summary>
    /// <param name="problem">its sizes</param>
    /// <param name="dtype">of q</param>
    /// <returns>whether delta must be given</returns>
    public static bool NeedsDelta(in AttentionProblem problem, DType dtype) => Rows(in problem, dtype, hasGradient: true) < problem.Queries;

    /// <summary>Gradients of q, k and v.</summary>
    /// <param name="gpu">runs it</param>
    /// <param name="problem">inputs and attributes</param>
    /// <param name="stats">[b, h, s, 2] of forward</param>
    /// <param name="dy">[s, d] a head; null: zero</param>
    /// <param name="dmap">[b, s, t], gradient of the weights' mean over heads; null: zero</param>
    /// <param name="dq">[s, d] a head; null: not wanted</param>
    /// <param name="dk">[t, d] a head; null: not wanted</param>
    /// <param name="dv">[t, d] a head; null: not wanted</param>
    /// <param name="delta">[b, h, s] like stats, where <see cref="NeedsDelta"/>; otherwise null</param>
    public static void Backward(
        CudaDevice gpu, in AttentionProblem problem, Tensor stats, HeadRows? dy, Tensor? dmap, HeadRows? dq, HeadRows? dk, HeadRows? dv, Tensor? delta)
    {
        ref readonly var p = ref problem;
        var dtype = p.Q.Tensor.DType;
        var y = dy ?? default;
        int rows = Rows(in p, dtype, hasGradient: true), packed = Packed(in p, y);
        bool isWhole = delta is null && p.Queries > 0;
        Arg q = p.Q.Address, k = p.K.Address, v = p.V.Address, scale = Arg.Accum(p.Scale), threshold = Threshold(in p), kept = Kept(in p);
        Arg dyAt = y.Address, dqAt = dq?.Address ?? 0, dkAt = dk?.Address ?? 0, dvAt = dv?.Address ?? 0;
        gpu.Launch(
            s_backwardQ, dtype, Blocks(in p, p.Queries, rows), Threads, Shared(in p, dtype, rows, hasGradient: true),
            [
                q, k, v, p.KeyMask, scale, threshold, kept, p.Seed, p.Offset, p.MapAfterDropout,
                stats, dyAt, dmap, dqAt, isWhole ? dkAt : (nint)0, isWhole ? dvAt : (nint)0, delta,
                p.Q.Batch, p.Q.Head, p.Q.Row, p.K.Batch, p.K.Head, p.K.Row, y.Batch, y.Head, y.Row, p.Heads, p.Queries, p.Keys, rows,
            ],
            (int)p.Depth, packed);
        if (!isWhole && (dk is not null || dv is not null))
        {
            long shared = AccumBytes(dtype) * ((4 * Tile * Stride(in p, dtype)) + (2 * Tile * Tile) + (3 * Tile));
            gpu.Launch(
                s_backwardKv, dtype, Blocks(in p, p.Keys, Tile), Threads, checked((int)shared),
                [
                    q, k, v, p.KeyMask, scale, threshold, kept, p.Seed, p.Offset, p.MapAfterDropout, stats, dyAt, dmap, delta, dkAt, dvAt,
                    p.Q.Batch, p.Q.Head, p.Q.Row, p.K.Batch, p.K.Head, p.K.Row, y.Batch, y.Head, y.Row, p.Heads, p.Queries, p.Keys,
                ],
                (int)p.Depth, packed);
        }
    }

    internal static int Threshold(in AttentionProblem p) => (int)Philox.Threshold(p.DropoutP);

    internal static Arg Kept(in AttentionProblem p) => Arg.Accum(p.DropoutP < 1 ? 1 / (1 - p.DropoutP) : 0);

    private static Dim3 Blocks(in AttentionProblem p, long count, int each)
        => checked(p.Batches * p.Heads * (count / each + (count % each == 0 ? 0 : 1)));

    private static long AccumBytes(DType dtype) => dtype.Accumulator().Size();

    /// <summary>Elements from row to row in shared memory: an odd number of 16-byte pieces (attention.cuh).</summary>
    private static long Stride(in AttentionProblem p, DType dtype)
    {
        long quad = 16 / AccumBytes(dtype);
        return quad * (Math.Max(1, (p.Depth + quad - 1) / quad) | 1);
    }

    /// <summary>Queries of a block: at most 32, and as many as shared memory holds the scores of.</summary>
    private static int Rows(in AttentionProblem p, DType dtype, bool hasGradient)
    {
        int rows = (int)Math.Clamp((p.Queries + WarpRows - 1) / WarpRows * WarpRows, WarpRows, Threads / 32 * WarpRows);
        while (rows > 1 && SharedOf(in p, dtype, rows, hasGradient) > SharedBytes)
        {
            rows -= rows > WarpRows ? WarpRows : 1;
        }

        return rows;
    }

    private static int Shared(in AttentionProblem p, DType dtype, int rows, bool hasGradient)
        => (int)Math.Min(int.MaxValue, SharedOf(in p, dtype, rows, hasGradient));

    private static long SharedOf(in AttentionProblem p, DType dtype, int rows, bool hasGradient)
    {
        long padded = (rows + WarpRows - 1) / WarpRows * WarpRows, width = (p.Keys + Tile - 1) / Tile * Tile, stride = Stride(in p, dtype);
        long elements = hasGradient
            ? (stride * ((2 * padded) + Tile)) + (2 * rows * (width + 1))
            : (stride * (padded + Tile)) + (rows * width);
        return AccumBytes(dtype) * elements;
    }

    /// <summary>1 where all rows can be read 16 bytes at a time.</summary>
    private static int Packed(in AttentionProblem p, HeadRows y)
    {
        long pack = 16 / p.Q.Tensor.DType.Size();
        long all = p.Depth | Strides(p.Q) | Strides(p.K) | Strides(y);
        long addresses = p.Q.Address | p.K.Address | p.V.Address | y.Address;
        return p.Depth > 0 && all % pack == 0 && addresses % 16 == 0 ? 1 : 0;

        static long Strides(HeadRows x) => x.Batch | x.Head | x.Row;
    }
}
