using Engine.Autograd.Operators;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    /// <summary>Multi-head self-attention over packed projections: the kernel of <see cref="Attention"/>, without any permuted copy.</summary>
    /// <param name="tape">records it</param>
    /// <param name="qkv">[b, s, 3·h·d]: of each token the queries of all heads, then the keys, then the values</param>
    /// <param name="heads">h</param>
    /// <param name="keyMask">bool [b, s], true = attend; null = all</param>
    /// <param name="dropoutP">probability that a weight is dropped, 0 to 1</param>
    /// <param name="seed">of dropout</param>
    /// <param name="offset">of dropout: the random word of the first of the [b, h, s, s] weights</param>
    /// <returns>[b, s, h·d]; scores are scaled by 1/√d</returns>
    /// <exception cref="ShapeException">the last axis is not a multiple of 3·heads</exception>
    public static Variable SelfAttention(
        this Tape tape, Variable qkv, int heads, Variable? keyMask = null, double dropoutP = 0, long seed = 0, long offset = 0)
    {
        using var range = tape.Range("self_attention");
        const string Op = "self_attention";
        Check.Floating(Op, "qkv", qkv);
        Check.Rank(Op, "qkv", qkv, 3, "[b,s,3*h*d]");
        long width = Width(Op, "qkv", qkv, 3, heads), tokens = qkv.Shape[1];
        var problem = Problem(Op, keyMask, qkv.Shape[0], heads, tokens, tokens, width / heads, null, dropoutP, seed, offset);
        SetPacked(ref problem, qkv.Value);
        var y = tape.Empty([qkv.Shape[0], tokens, width], qkv.DType);
        var stats = tape.Empty([problem.Batches, heads, tokens, 2], qkv.DType.Accumulator());
        RunAttention(tape, in problem, HeadRows.Packed(y, heads, 0, 1), stats, null);
        var result = tape.Record(
            Op,
            y,
            [qkv],
            [qkv.Value, keyMask?.Value, stats, ResultForBackward(tape, in problem, y)],
            SelfAttentionBackward,
            [problem.Scale, dropoutP],
            [heads, seed, offset, 0, 0]);
        tape.Release(stats);
        return result;
    }

    /// <summary>Multi-head attention of queries over other tokens, packed; without a map.</summary>
    /// <param name="tape">records it</param>
    /// <param name="q">[b, s, h·d]</param>
    /// <param name="kv">[b, t, 2·h·d]: of each token the keys of all heads, then the values</param>
    /// <param name="heads">h</param>
    /// <param name="keyMask">bool [b, t], true = attend; null = all</param>
    /// <param name="dropoutP">probability that a weight is dropped, 0 to 1</param>
    /// <param name="seed">of dropout</param>
    /// <param name="offset">of dropout: the random word of the first of the [b, h, s, t] weights</param>
    /// <returns>[b, s, h·d]; scores are scaled by 1/√d</returns>
    /// <exception cref="ShapeException">kv is not [b, t, 2·h·d], or h does not divide the width of q</exception>
    public static Variable MultiHeadAttention(
        this Tape tape, Variable q, Variable kv, int heads, Variable? keyMask = null, double dropoutP = 0, long seed = 0, long offset = 0)
    {
        using var range = tape.Range("multi_head_attention");
        const string Op = "multi_head_attention";
        var problem = PackedProblem(Op, q, kv, heads, keyMask, dropoutP, seed, offset);
        var y = tape.Empty(q.Shape, q.DType);
        var stats = tape.Empty([problem.Batches, heads, problem.Queries, 2], q.DType.Accumulator());
        RunAttention(tape, in problem, HeadRows.Packed(y, heads, 0, 1), stats, null);
        var result = tape.Record(
            Op,
            y,
            [q, kv],
            [q.Value, kv.Value, keyMask?.Value, stats, ResultForBackward(tape, in problem, y)],
            PackedCrossBackward,
            [problem.Scale, dropoutP],
            [heads, seed, offset, 0, 0]);
        tape.Release(stats);
        return result;
    }

    /// <summary>Multi-head cross-attention over packed projections, with its map: the kernel of <see cref="CrossAttention"/>.</summary>
    /// <param name="tape">records it</param>
    /// <param name="q">[b, s, h·d]</param>
    /// <param name="kv">[b, t, 2·h·d]: of each token the keys of all heads, then the values</param>
    /// <param name="heads">h</param>
    /// <param name="keyMask">bool [b, t], true = attend; null = all</param>
    /// <param name="dropoutP">probability that a weight is dropped, 0 to 1</param>
    /// <param name="seed">of dropout</param>
    /// <param name="offset">of dropout: the random word of the first of the [b, h, s, t] weights</param>
    /// <param name="mapAfterDropout">the map shows the weights that met the values, not those before dropout</param>
    /// <returns>y [b, s, h·d] and map [b, s, t], the weights' mean over heads; scores are scaled by 1/√d</returns>
    /// <exception cref="ShapeException">kv is not [b, t, 2·h·d], or h does not divide the width of q</exception>
    public static (Variable Y, Variable Map) MultiHeadCrossAttention(
        this Tape tape,
        Variable q,
        Variable kv,
        int heads,
        Variable? keyMask = null,
        double dropoutP = 0,
        long seed = 0,
        long offset = 0,
        bool mapAfterDropout = false)
    {
        using var range = tape.Range("multi_head_cross_attention");
        const string Op = "multi_head_cross_attention";
        var problem = PackedProblem(Op, q, kv, heads, keyMask, dropoutP, seed, offset);
        problem.MapAfterDropout = mapAfterDropout;
        var y = tape.Empty(q.Shape, q.DType);
        var (map, stats) = ForwardWithMap(tape, in problem, HeadRows.Packed(y, heads, 0, 1), q.DType);
        var both = tape.Record(
            Op,
            y,
            map,
            [q, kv],
            [q.Value, kv.Value, keyMask?.Value, stats, null],
            PackedCrossBackward,
            [problem.Scale, dropoutP],
            [heads, seed, offset, mapAfterDropout ? 1 : 0, 1]);
        tape.Release(stats);
        return both;
    }

    private static AttentionProblem PackedProblem(
        string op, Variable q, Variable kv, int heads, Variable? keyMask, double dropoutP, long seed, long offset)
    {
        Check.Floating(op, "q", q);
        Check.SameDType(op, "kv", kv, "q", q);
        Check.Rank(op, "q", q, 3, "[b,s,h*d]");
        Check.Rank(op, "kv", kv, 3, "[b,t,2*h*d]");
        long width = Width(op, "q", q, 1, heads), keys = kv.Shape[1];
        Check.Shape(op, "kv", kv, [q.Shape[0], keys, 2 * width], "[b,t,2*h*d] with b and h*d of q", q);
        var problem = Problem(op, keyMask, q.Shape[0], heads, q.Shape[1], keys, width / heads, null, dropoutP, seed, offset);
        SetPacked(ref problem, q.Value, kv.Value);
        return problem;
    }

    private static long Width(string op, string name, Variable x, int parts, int heads) => heads >= 1 && x.Shape[2] % (parts * heads) == 0
        ? x.Shape[2] / parts
        : throw new ShapeException($"{op}: the last axis of {name} must be a multiple of {parts} x {heads} heads, found {x.Shape}");

    private static void SetPacked(ref AttentionProblem problem, Tensor qkv)
    {
        problem.Q = HeadRows.Packed(qkv, problem.Heads, 0, 3);
        problem.K = HeadRows.Packed(qkv, problem.Heads, 1, 3);
        problem.V = HeadRows.Packed(qkv, problem.Heads, 2, 3);
    }

    private static void SetPacked(ref AttentionProblem problem, Tensor q, Tensor kv)
    {
        problem.Q = HeadRows.Packed(q, problem.Heads, 0, 1);
        problem.K = HeadRows.Packed(kv, problem.Heads, 0, 2);
        problem.V = HeadRows.Packed(kv, problem.Heads, 1, 2);
    }

    private static void SelfAttentionBackward(Tape tape, Node node)
    {
        var (qkv, dy) = (node.Saved(0), node.OutputGrad()!);
        var problem = RecordedProblem(node, node.SavedOrNull(1), qkv.Shape[0], qkv.Shape[1], qkv.Shape[1], dy.Shape[2] / node.Integer(0));
        SetPacked(ref problem, qkv);
        var dqkv = tape.BeginGrad(node.Input(0)!);
        RunAttentionBackward(
            tape,
            in problem,
            node.Saved(2),
            node.SavedOrNull(3) is { } y ? HeadRows.Packed(y, problem.Heads, 0, 1) : null,
            HeadRows.Packed(dy, problem.Heads, 0, 1),
            null,
            HeadRows.Packed(dqkv, problem.Heads, 0, 3),
            HeadRows.Packed(dqkv, problem.Heads, 1, 3),
            HeadRows.Packed(dqkv, problem.Heads, 2, 3));
        tape.EndGrad(node.Input(0)!, dqkv);
    }

    private static void PackedCrossBackward(Tape tape, Node node)
    {
        Tensor q = node.Saved(0), kv = node.Saved(1);
        var problem = RecordedProblem(node, node.SavedOrNull(2), q.Shape[0], q.Shape[1], kv.Shape[1], q.Shape[2] / node.Integer(0));
        SetPacked(ref problem, q, kv);
        var dq = node.Needs(0) ? tape.BeginGrad(node.Input(0)!) : null;
        var dkv = node.Needs(1) ? tape.BeginGrad(node.Input(1)!) : null;
        RunAttentionBackward(
            tape,
            in problem,
            node.Saved(3),
            Rows(node.SavedOrNull(4), 0, 1, problem.Heads),
            Rows(node.OutputGrad(), 0, 1, problem.Heads),
            MapGrad(node),
            Rows(dq, 0, 1, problem.Heads),
            Rows(dkv, 0, 2, problem.Heads),
            Rows(dkv, 1, 2, problem.Heads));
        if (dq is not null)
        {
            tape.EndGrad(node.Input(0)!, dq);
        }

        if (dkv is not null)
        {
            tape.EndGrad(node.Input(1)!, dkv);
        }

        static HeadRows? Rows(Tensor? x, int part, int parts, long heads) => x is null ? null : HeadRows.Packed(x, heads, part, parts);
    }
}
