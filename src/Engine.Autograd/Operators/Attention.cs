using Engine.Autograd.Operators;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo AttentionInfo = new(
        "attention",
        "y = softmax(scale q kᵀ) v over the keys that the mask leaves",
        AttentionInputs(),
        [.. AttentionAttributes()],
        ["y"],
        call => [call.Tape.Attention(
            call.Input("q"),
            call.Input("k"),
            call.Input("v"),
            call.Optional("key_mask"),
            call.Has("scale") ? call.Number("scale") : null,
            call.Number("dropout_p"),
            call.Integer("seed"),
            call.Integer("offset"))]);

    /// <summary>Scaled dot-product attention: y = dropout(softmax(scale·q·kᵀ))·v.</summary>
    /// <param name="tape">records it</param>
    /// <param name="q">[b, h, s, d]</param>
    /// <param name="k">[b, h, t, d]</param>
    /// <param name="v">[b, h, t, d]</param>
    /// <param name="keyMask">bool [b, t], true = attend; a row without any key gives zeros; null = all keys</param>
    /// <param name="scale">of the scores; null = 1/√d</param>
    /// <param name="dropoutP">probability that a weight is dropped, 0 to 1</param>
    /// <param name="seed">of dropout</param>
    /// <param name="offset">of dropout: the random word of the first of the [b, h, s, t] weights</param>
    /// <returns>[b, h, s, d]</returns>
    /// <exception cref="ShapeException">shapes do not fit together</exception>
    /// <remarks>Vaswani et al. 2017, arXiv:1706.03762, eq. 1.</remarks>
    public static Variable Attention(
        this Tape tape,
        Variable q,
        Variable k,
        Variable v,
        Variable? keyMask = null,
        double? scale = null,
        double dropoutP = 0,
        long seed = 0,
        long offset = 0)
    {
        using var range = tape.Range("attention");
        var problem = SplitProblem("attention", q, k, v, keyMask, scale, dropoutP, seed, offset);
        var y = tape.Empty(q.Shape, q.DType);
        var stats = tape.Empty([problem.Batches, problem.Heads, problem.Queries, 2], q.DType.Accumulator());
        RunAttention(tape, in problem, HeadRows.Split(y), stats, null);
        var result = tape.Record(
            "attention",
            y,
            [q, k, v],
            [q.Value, k.Value, v.Value, keyMask?.Value, stats, ResultForBackward(tape, in problem, y)],
            SplitBackward,
            [problem.Scale, dropoutP],
            [problem.Heads, seed, offset, 0, 0]);
        tape.Release(stats);
        return result;
    }

    private static InputInfo[] AttentionInputs() =>
    [
        new("q", "float", "[b,h,s,d]"),
        new("k", "float", "[b,h,t,d]"),
        new("v", "float", "[b,h,t,d]"),
        new("key_mask", "bool", "[b,t]") { Optional = true },
    ];

    private static AttributeInfo[] AttentionAttributes() =>
    [
        new("scale", AttributeType.Number, ""),
        new("dropout_p", AttributeType.Number, "0"),
        new("seed", AttributeType.Integer, "0"),
        new("offset", AttributeType.Integer, "0"),
    ];

    /// <summary>Checks q, k, v with heads apart.</summary>
    private static AttentionProblem SplitProblem(
        string op, Variable q, Variable k, Variable v, Variable? keyMask, double? scale, double dropoutP, long seed, long offset)
    {
        Check.Floating(op, "q", q);
        Check.SameDType(op, "k", k, "q", q);
        Check.SameDType(op, "v", v, "q", q);
        Check.Rank(op, "q", q, 4, "[b,h,s,d]");
        Check.Rank(op, "k", k, 4, "[b,h,t,d]");
        Check.Shape(op, "k", k, q.Shape.With(2, k.Shape[2]), "[b,h,t,d] with b, h and d of q", q);
        Check.Shape(op, "v", v, k.Shape, "the shape of k");
        var problem = Problem(op, keyMask, q.Shape[0], q.Shape[1], q.Shape[2], k.Shape[2], q.Shape[3], scale, dropoutP, seed, offset);
        (problem.Q, problem.K, problem.V) = (HeadRows.Split(q.Value), HeadRows.Split(k.Value), HeadRows.Split(v.Value));
        return problem;
    }

    private static void SplitBackward(Tape tape, Node node)
    {
        Tensor q = node.Saved(0), k = node.Saved(1), v = node.Saved(2);
        var problem = RecordedProblem(node, node.SavedOrNull(3), q.Shape[0], q.Shape[2], k.Shape[2], q.Shape[3]);
        (problem.Q, problem.K, problem.V) = (HeadRows.Split(q), HeadRows.Split(k), HeadRows.Split(v));
        var dq = node.Needs(0) ? tape.Empty(q.Shape, q.DType) : null;
        var dk = node.Needs(1) ? tape.Empty(k.Shape, k.DType) : null;
        var dv = node.Needs(2) ? tape.Empty(v.Shape, v.DType) : null;
        RunAttentionBackward(
            tape, in problem, node.Saved(4), Rows(node.SavedOrNull(5)), Rows(node.OutputGrad()), MapGrad(node), Rows(dq), Rows(dk), Rows(dv));
        End(tape, node, 0, dq);
        End(tape, node, 1, dk);
        End(tape, node, 2, dv);

        static HeadRows? Rows(Tensor? x) => x is null ? null : HeadRows.Split(x);

        static void End(Tape tape, Node node, int input, Tensor? gradient)
        {
            if (gradient is not null)
            {
                tape.EndGrad(node.Input(input)!, gradient);
            }
        }
    }
}
