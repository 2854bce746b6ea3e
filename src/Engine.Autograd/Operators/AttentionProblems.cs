using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    /// <summary>Sizes and attributes, checked; the caller fills in q, k and v.</summary>
    private static AttentionProblem Problem(
        string op,
        Variable? keyMask,
        long batches,
        long heads,
        long queries,
        long keys,
        long depth,
        double? scale,
        double dropoutP,
        long seed,
        long offset)
    {
        Check.Range(op, "the number of heads", heads >= 1, "at least 1", heads);
        Check.Range(op, "dropout_p", dropoutP is >= 0 and <= 1, "from 0 to 1", dropoutP);
        if (keyMask is not null)
        {
            Check.HasDType(op, "key_mask", keyMask, DType.Bool);
            Check.Shape(op, "key_mask", keyMask, [batches, keys], "[b,t]");
        }

        return new AttentionProblem
        {
            KeyMask = keyMask?.Value,
            Batches = batches,
            Heads = heads,
            Queries = queries,
            Keys = keys,
            Depth = depth,
            Scale = scale ?? 1 / Math.Sqrt(Math.Max(1, depth)),
            DropoutP = dropoutP,
            Seed = seed,
            Offset = offset,
        };
    }

    /// <summary>The same of a node with numbers scale, dropout_p and integers heads, seed, offset, map_after_dropout, 1 if there is a map.</summary>
    private static AttentionProblem RecordedProblem(Node node, Tensor? keyMask, long batches, long queries, long keys, long depth) => new()
    {
        KeyMask = keyMask,
        Batches = batches,
        Heads = node.Integer(0),
        Queries = queries,
        Keys = keys,
        Depth = depth,
        Scale = node.Number(0),
        DropoutP = node.Number(1),
        Seed = node.Integer(1),
        Offset = node.Integer(2),
        MapAfterDropout = node.Integer(3) != 0,
    };

    private static Tensor? MapGrad(Node node) => node.Integer(4) != 0 ? node.OutputGrad(1) : null;

    private static void RunAttention(Tape tape, in AttentionProblem problem, HeadRows y, Tensor stats, Tensor? weights)
    {
        if (tape.Device is not CudaDevice gpu)
        {
            AttentionCpu.Forward(tape.Cpu, in problem, y, stats, weights);
        }
        else if (weights is null && AttentionMmaCuda.Serves(gpu, in problem))
        {
            AttentionMmaCuda.Forward(gpu, in problem, y, stats);
        }
        else
        {
            AttentionCuda.Forward(gpu, in problem, y, stats, weights);
        }
    }

    /// <summary>The result, where backward reads it: the tensor-core kernels take Σ weight·gradient of a row from it.</summary>
    private static Tensor? ResultForBackward(Tape tape, in AttentionProblem problem, Tensor y)
        => tape.Device is CudaDevice gpu && AttentionMmaCuda.Serves(gpu, in problem) ? y : null;

    private static void RunAttentionBackward(
        Tape tape,
        in AttentionProblem problem,
        Tensor stats,
        HeadRows? y,
        HeadRows? dy,
        Tensor? dmap,
        HeadRows? dq,
        HeadRows? dk,
        HeadRows? dv)
    {
        if (tape.Device is not CudaDevice gpu)
        {
            AttentionCpu.Backward(tape.Cpu, in problem, stats, dy, dmap, dq, dk, dv);
            return;
        }

        if (y is { } result && dy is { } gradient)
        {
            AttentionMmaCuda.Backward(gpu, in problem, stats, result, gradient, dq, dk, dv);
            return;
        }

        var delta = AttentionCuda.NeedsDelta(in problem, problem.Q.Tensor.DType)
            ? tape.Empty([problem.Batches, problem.Heads, problem.Queries], stats.DType)
            : null;
        AttentionCuda.Backward(gpu, in problem, stats, dy, dmap, dq, dk, dv, delta);
        if (delta is not null)
        {
            tape.Release(delta);
        }
    }

    /// <summary>Runs attention with a map, the weights' mean over heads.</summary>
    /// <returns>[b, s, t] and the rows' statistics; the caller owns both</returns>
    private static (Tensor Map, Tensor Stats) ForwardWithMap(Tape tape, in AttentionProblem problem, HeadRows y, DType dtype)
    {
        var accumulator = dtype.Accumulator();
        var stats = tape.Empty([problem.Batches, problem.Heads, problem.Queries, 2], accumulator);
        var map = tape.Empty([problem.Batches, problem.Queries, problem.Keys], dtype);
        if (tape.Device is CudaDevice gpu)
        {
            var apart = tape.Empty(CrossAttentionCuda.WeightsShape(in problem), accumulator);
            RunAttention(tape, in problem, y, stats, apart);
            CrossAttentionCuda.MeanOverHeads(gpu, apart, map);
            tape.Release(apart);
            return (map, stats);
        }

        var weights = problem.Heads == 1 ? map : tape.Empty([problem.Batches, problem.Heads, problem.Queries, problem.Keys], dtype);
        RunAttention(tape, in problem, y, stats, weights);
        if (problem.Heads > 1)
        {
            CrossAttentionCpu.MeanOverHeads(tape.Cpu, weights, map);
            tape.Release(weights);
        }

        return (map, stats);
    }
}
