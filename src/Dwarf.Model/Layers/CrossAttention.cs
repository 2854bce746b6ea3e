using Engine.Autograd;

namespace Dwarf.Model.Layers;

/// <summary>Multi-head cross-attention with its map, under the names of PyTorch's MultiheadAttention.</summary>
internal sealed class CrossAttention(Plan plan, string name, int width, int heads)
{
    private readonly Linear _query = new(plan, $"{name}.in_proj", width, 0, 1);
    private readonly Linear _keyValue = new(plan, $"{name}.in_proj", width, 1, 3);
    private readonly Linear _output = new(plan, $"{name}.out_proj", width, width);

    /// <summary>Attends.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">queries [b,s,d]</param>
    /// <param name="memory">keys and values [b,t,d]</param>
    /// <param name="dropout">of attention weights; null outside training</param>
    /// <returns>y [b,s,d] and the map [b,s,t]: the weights' mean over heads, before dropout</returns>
    public (Variable Y, Variable Map) Apply(Tape tape, Variable x, Variable memory, DropoutSites? dropout)
    {
        var q = _query.Apply(tape, x);
        var kv = _keyValue.Apply(tape, memory);
        var (y, map) = dropout is { Active: true }
            ? tape.MultiHeadCrossAttention(q, kv, heads, null, dropout.Probability, dropout.NextSeed(), dropout.Offset(x.Shape[0] * heads * x.Shape[1] * memory.Shape[1]))
            : tape.MultiHeadCrossAttention(q, kv, heads);
        tape.Done(q);
        tape.Done(kv);
        var result = _output.Apply(tape, y);
        tape.Done(y);
        return (result, map);
    }
}
