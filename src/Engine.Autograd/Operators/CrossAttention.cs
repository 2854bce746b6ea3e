using Engine.Autograd.Operators;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo CrossAttentionInfo = new(
        "cross_attention",
        "attention that also gives map = mean of its weights over heads",
        AttentionInputs(),
        [.. AttentionAttributes(), new("map_after_dropout", AttributeType.Bool, "false")],
        ["y", "map"],
        call =>
        {
            var (y, map) = call.Tape.CrossAttention(
                call.Input("q"),
                call.Input("k"),
                call.Input("v"),
                call.Optional("key_mask"),
                call.Has("scale") ? call.Number("scale") : null,
                call.Number("dropout_p"),
                call.Integer("seed"),
                call.Integer("offset"),
                call.Bool("map_after_dropout"));
            return [y, map];
        });

    /// <summary>Attention that also gives its map: the weights' mean over heads. Gradients flow through both.</summary>
    /// <param name="tape">records it</param>
    /// <param name="q">[b, h, s, d]</param>
    /// <param name="k">[b, h, t, d]</param>
    /// <param name="v">[b, h, t, d]</param>
    /// <param name="keyMask">bool [b, t], true = attend; a row without any key gives zeros; null = all keys</param>
    /// <param name="scale">of the scores; null = 1/√d</param>
    /// <param name="dropoutP">probability that a weight is dropped, 0 to 1</param>
    /// <param name="seed">of dropout</param>
    /// <param name="offset">of dropout: the random word of the first of the [b, h, s, t] weights</param>
    /// <param name="mapAfterDropout">the map shows the weights that met the values, not those before dropout</param>
    /// <returns>y [b, h, s, d] and map [b, s, t]</returns>
    /// <exception cref="ShapeException">shapes do not fit together</exception>
    public static (Variable Y, Variable Map) CrossAttention(
        this Tape tape,
        Variable q,
        Variable k,
        Variable v,
        Variable? keyMask = null,
        double? scale = null,
        double dropoutP = 0,
        long seed = 0,
        long offset = 0,
        bool mapAfterDropout = false)
    {
        using var range = tape.Range("cross_attention");
        var problem = SplitProblem("cross_attention", q, k, v, keyMask, scale, dropoutP, seed, offset);
        problem.MapAfterDropout = mapAfterDropout;
        var y = tape.Empty(q.Shape, q.DType);
        var (map, stats) = ForwardWithMap(tape, in problem, HeadRows.Split(y), q.DType);
        var result = tape.Record(
            "cross_attention",
            y,
            map,
            [q, k, v],
            [q.Value, k.Value, v.Value, keyMask?.Value, stats, null],
            SplitBackward,
            [problem.Scale, dropoutP],
            [problem.Heads, seed, offset, mapAfterDropout ? 1 : 0, 1]);
        tape.Release(stats);
        return result;
    }
}
