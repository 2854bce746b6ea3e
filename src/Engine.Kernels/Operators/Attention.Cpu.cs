using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Attention on cpu: one head of one batch a task, its scores in scratch memory that stays in the second-level cache.</summary>
/// <remarks>
/// y = softmax(scale·q·kᵀ + mask)·v (Vaswani et al. 2017, arXiv:1706.03762, eq. 1). The weights are never stored: forward keeps the
/// maximum and 1/Σ of each row, and backward makes the weights again from them, as FlashAttention does (Dao et al. 2022, arXiv:2205.14135).
/// </remarks>
public static unsafe class AttentionCpu
{
    /// <summary>Scores that a task handles at a time: 256 KB in f32.</summary>
    private const long BlockScores = 65536;

    [ThreadStatic]
    private static NativeScratch? t_scratch;

    /// <summary>y, and what backward needs.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="problem">inputs and attributes</param>
    /// <param name="y">[s, d] a head</param>
    /// <param name="stats">[b, h, s, 2]: receives each row's maximum and 1/Σ</param>
    /// <param name="weights">[b, h, s, t]: receives the weights that the map shows; null = not wanted</param>
    public static void Forward(CpuDevice cpu, in AttentionProblem problem, HeadRows y, Tensor stats, Tensor? weights)
    {
        if (stats.DType == DType.F64)
        {
            Forward<double>(cpu, in problem, y, stats, weights);
        }
        else
        {
            Forward<float>(cpu, in problem, y, stats, weights);
        }
    }

    /// <summary>Gradients of q, k and v.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="problem">inputs and attributes</param>
    /// <param name="stats">[b, h, s, 2] of forward</param>
    /// <param name="dy">[s, d] a head; null: zero</param>
    /// <param name="dmap">[b, s, t], gradient of the weights' mean over heads; null: zero</param>
    /// <param name="dq">[s, d] a head; null: not wanted</param>
    /// <param name="dk">[t, d] a head; null: not wanted</param>
    /// <param name="dv">[t, d] a head; null: not wanted</param>
    public static void Backward(
        CpuDevice cpu, in AttentionProblem problem, Tensor stats, HeadRows? dy, Tensor? dmap, HeadRows? dq, HeadRows? dk, HeadRows? dv)
    {
        if (stats.DType == DType.F64)
        {
            Backward<double>(cpu, in problem, stats, dy, dmap, dq, dk, dv);
        }
        else
        {
            Backward<float>(cpu, in problem, stats, dy, dmap, dq, dk, dv);
        }
    }

    private static void Forward<T>(CpuDevice cpu, in AttentionProblem problem, HeadRows y, Tensor stats, Tensor? weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(problem.Batches * problem.Heads, 1, (problem, y, stats, weights), static (in t, task, _) =>
        {
            ref readonly var p = ref t.problem;
            var scratch = new Scratch<T>(in p, task, hasGradient: false);
            long batch = task / p.Heads, head = task % p.Heads;
            T* q = p.Q.At<T>(batch, head), k = p.K.At<T>(batch, head), v = p.V.At<T>(batch, head);
            T* y = t.y.At<T>(batch, head);
            for (long first = 0; first < p.Queries; first += scratch.Rows)
            {
                long rows = Math.Min(scratch.Rows, p.Queries - first), at = (task * p.Queries) + first;
                T* stats = t.stats.Data<T>() + (2 * at);

                // 1. scores
                Product(false, true, rows, p.Keys, p.Depth, q + (first * p.Q.Row), p.Q.Row, k, p.K.Row, scratch.S, scratch.Width, false);
                scratch.Draw(in p, at, rows);
                for (long r = 0; r < rows; r++)
                {
                    // 2. softmax, up to 1/Σ
                    T* s = scratch.S + (r * scratch.Width);
                    (stats[2 * r], stats[(2 * r) + 1]) = AttentionRows.Exponentiate(s, scratch.Mask, p.Scale, scratch.Width);
                    T* weights = t.weights is null ? null : t.weights.Data<T>() + ((at + r) * p.Keys);
                    if (weights != null)
                    {
                        AttentionRows.Scale(s, stats[(2 * r) + 1], weights, p.Keys);
                    }

                    // 3. dropout
                    if (scratch.Factors != null)
                    {
                        AttentionRows.Multiply(s, scratch.Factors + (r * p.Keys), p.Keys);
                        if (weights != null && p.MapAfterDropout)
                        {
                            AttentionRows.Multiply(weights, scratch.Factors + (r * p.Keys), p.Keys);
                        }
                    }
                }

                // 4. weighted sum of the values
                T* block = y + (first * t.y.Row);
                Product(false, false, rows, p.Depth, p.Keys, scratch.S, scratch.Width, v, p.V.Row, block, t.y.Row, false);
                for (long r = 0; r < rows; r++)
                {
                    AttentionRows.Scale(block + (r * t.y.Row), stats[(2 * r) + 1], block + (r * t.y.Row), p.Depth);
                }
            }
        });
    }

    private static void Backward<T>(
        CpuDevice cpu, in AttentionProblem problem, Tensor stats, HeadRows? dy, Tensor? dmap, HeadRows? dq, HeadRows? dk, HeadRows? dv)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(problem.Batches * problem.Heads, 1, (problem, stats, dy, dmap, dq, dk, dv), static (in t, task, _) =>
        {
            ref readonly var p = ref t.problem;
            var scratch = new Scratch<T>(in p, task, hasGradient: true);
            long batch = task / p.Heads, head = task % p.Heads, width = scratch.Width;
            T* q = p.Q.At<T>(batch, head), k = p.K.At<T>(batch, head), v = p.V.At<T>(batch, head);
            T inverseHeads = T.One / T.CreateChecked(p.Heads);

            // At least one round: without queries it clears dk and dv.
            for (long first = 0; first == 0 || first < p.Queries; first += scratch.Rows)
            {
                long rows = Math.Min(scratch.Rows, p.Queries - first), at = (task * p.Queries) + first;
                T* stats = t.stats.Data<T>() + (2 * at);

                // 1. scores again, and the gradient of the weights
                Product(false, true, rows, p.Keys, p.Depth, q + (first * p.Q.Row), p.Q.Row, k, p.K.Row, scratch.S, width, false);
                if (t.dy is { } dyRows)
                {
                    T* dy = dyRows.At<T>(batch, head) + (first * dyRows.Row);
                    Product(false, true, rows, p.Keys, p.Depth, dy, dyRows.Row, v, p.V.Row, scratch.Ds, width, false);
                }
                else
                {
                    new Span<T>(scratch.Ds, checked((int)(rows * width))).Clear();
                }

                scratch.Draw(in p, at, rows);
                for (long r = 0; r < rows; r++)
                {
                    // 2. weights again, and the gradient of the scores
                    if (t.dmap is not null)
                    {
                        T* dmap = t.dmap.Data<T>() + (((batch * p.Queries) + first + r) * p.Keys);
                        AttentionRows.Scale(dmap, inverseHeads, scratch.Dmap, p.Keys);
                    }

                    AttentionRows.Backward(
                        scratch.S + (r * width),
                        scratch.Mask,
                        scratch.Ds + (r * width),
                        scratch.Factors == null ? null : scratch.Factors + (r * p.Keys),
                        t.dmap is null ? null : scratch.Dmap,
                        p.MapAfterDropout,
                        p.Scale,
                        stats[2 * r],
                        stats[(2 * r) + 1],
                        width);
                }

                // 3. dv, dq, dk
                if (t.dv is { } dvRows)
                {
                    T* dy = t.dy is { } from ? from.At<T>(batch, head) + (first * from.Row) : null;
                    long depth = dy == null ? 0 : rows;
                    Product(true, false, p.Keys, p.Depth, depth, scratch.S, width, dy, Math.Max(t.dy?.Row ?? 0, p.Depth),
                        dvRows.At<T>(batch, head), dvRows.Row, first > 0);
                }

                if (t.dq is { } dqRows)
                {
                    Product(false, false, rows, p.Depth, p.Keys, scratch.Ds, width, k, p.K.Row,
                        dqRows.At<T>(batch, head) + (first * dqRows.Row), dqRows.Row, false);
                }

                if (t.dk is { } dkRows)
                {
                    Product(true, false, p.Keys, p.Depth, rows, scratch.Ds, width, q + (first * p.Q.Row), p.Q.Row,
                        dkRows.At<T>(batch, head), dkRows.Row, first > 0);
                }
            }
        });
    }

    private static void Product<T>(
        bool transA, bool transB, long m, long n, long k, T* a, long lda, T* b, long ldb, T* c, long ldc, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        => Gemm.RunOn(Gemm.VectorBits, null, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, default);

    /// <summary>Buffers of one task, in memory that its thread keeps.</summary>
    private readonly struct Scratch<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        /// <summary>Padded row length, and rows a block: equal blocks, by sizes alone.</summary>
        public readonly long Width, Rows;

        /// <summary>[rows, width] scores and their gradient; [width] mask and gradient of the map; [rows, t] dropout factors or null.</summary>
        public readonly T* S, Ds, Mask, Dmap, Factors;

        public Scratch(in AttentionProblem p, long task, bool hasGradient)
        {
            const long Padding = AttentionRows.Padding;
            Width = Math.Max(1, (p.Keys + Padding - 1) / Padding) * Padding;
            long most = Math.Max(8, BlockScores / Width), blocks = Math.Max(1, (p.Queries + most - 1) / most);
            Rows = Math.Max(1, (p.Queries + blocks - 1) / blocks);
            long scores = Rows * Width;
            long factors = p.DropoutP > 0 ? scores + Padding : 0;
            long elements = (hasGradient ? 2 * scores : scores) + (2 * Width) + factors;
            S = (T*)(t_scratch ??= new NativeScratch()).Reserve(elements * sizeof(T));
            Ds = hasGradient ? S + scores : null;
            Mask = S + (hasGradient ? 2 * scores : scores);
            Dmap = Mask + Width;
            Factors = factors > 0 ? Dmap + Width : null;
            byte* keys = p.KeyMask is null ? null : (byte*)p.KeyMask.Pointer + (task / p.Heads * p.Keys);
            for (long j = 0; j < Width; j++)
            {
                Mask[j] = j < p.Keys && (keys == null || keys[j] != 0) ? T.Zero : T.NegativeInfinity;
            }

            // The products leave the padding alone; it must be finite.
            for (long j = p.Keys; j < Width; j++)
            {
                Dmap[j] = T.Zero;
                for (long r = 0; r < Rows; r++)
                {
                    S[(r * Width) + j] = T.Zero;
                    if (hasGradient)
                    {
                        Ds[(r * Width) + j] = T.Zero;
                    }
                }
            }
        }

        public void Draw(in AttentionProblem p, long row, long rows)
        {
            if (Factors != null)
            {
                Philox.DropoutFactors((ulong)p.Seed, (ulong)(p.Offset + (row * p.Keys)), p.DropoutP, Factors, rows * p.Keys);
                new Span<T>(Factors + (rows * p.Keys), (int)AttentionRows.Padding).Clear();
            }
        }
    }
}
