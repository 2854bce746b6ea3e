using Engine.Autograd;

namespace Dwarf.Model.Layers;

/// <summary>Multi-head self-attention: one product for query, key and value, attention, one product for the output.</summary>
internal sealed class SelfAttention
{
    private readonly Linear _qkv;
    private readonly Linear _output;
    private readonly int _heads;

    private SelfAttention(Linear qkv, Linear output, int heads) => (_qkv, _output, _heads) = (qkv, output, heads);

    /// <summary>With query, key and value apart in weight files.</summary>
    /// <param name="plan">declares the parameters</param>
    /// <param name="names">of query, key, value, of the parameter that packs the three, and of the output projection</param>
    /// <param name="width">features of a token</param>
    /// <param name="heads">divides <paramref name="width"/></param>
    public static SelfAttention Apart(Plan plan, string[] names, int width, int heads) => new(
        new Linear(plan, names[3], names[..3], width, width),
        new Linear(plan, names[4], width, width),
        heads);

    /// <summary>With the names of PyTorch's MultiheadAttention: in_proj and out_proj.</summary>
    public static SelfAttention Torch(Plan plan, string name, int width, int heads) => new(
        new Linear(plan, $"{name}.in_proj", width, 0, 3),
        new Linear(plan, $"{name}.out_proj", width, width),
        heads);

    /// <summary>Attends.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[b,t,d]</param>
    /// <param name="keyMask">bool [b,t], true = attend; null = all</param>
    /// <param name="dropout">of attention weights; null outside training</param>
    /// <returns>[b,t,d]</returns>
    public Variable Apply(Tape tape, Variable x, Variable? keyMask = null, DropoutSites? dropout = null)
    {
        var qkv = _qkv.Apply(tape, x);
        var y = dropout is { Active: true }
            ? tape.SelfAttention(qkv, _heads, keyMask, dropout.Probability, dropout.NextSeed(), dropout.Offset(x.Shape[0] * _heads * x.Shape[1] * x.Shape[1]))
            : tape.SelfAttention(qkv, _heads, keyMask);
        tape.Done(qkv);
        var result = _output.Apply(tape, y);
        tape.Done(y);
        return result;
    }
}
