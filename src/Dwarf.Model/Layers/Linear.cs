using Engine.Autograd;
using Engine.Kernels;

namespace Dwarf.Model.Layers;

/// <summary>y = x·Wᵀ + b, with the names NAME.weight [out,in] and NAME.bias [out].</summary>
internal sealed class Linear
{
    private Parameter _weight = null!;
    private Parameter _bias = null!;

    public Linear(Plan plan, string name, int inputs, int outputs)
        : this(plan, name, inputs, outputs, plan.Normal)
    {
    }

    public Linear(Plan plan, string name, int inputs, int outputs, Initial weights)
    {
        plan.Declare($"{name}.weight", [outputs, inputs], true, weights, p => _weight = p);
        plan.Declare($"{name}.bias", [outputs], false, Initial.Zeros, p => _bias = p);
    }

    /// <summary>Several layers of the same size over the same input as one product: rows of the first, then of the second, …</summary>
    /// <param name="plan">declares the parameters</param>
    /// <param name="name">of the packed parameters</param>
    /// <param name="parts">the layers' names in weight files</param>
    /// <param name="inputs">features in</param>
    /// <param name="outputs">features out of each</param>
    public Linear(Plan plan, string name, string[] parts, int inputs, int outputs)
    {
        long size = (long)outputs * inputs;
        plan.Declare($"{name}.weight", [parts.Length * outputs, inputs], true, plan.Normal, p => _weight = p,
            [.. parts.Select((part, i) => new Plan.Piece($"{part}.weight", [outputs, inputs], 0, i * size, size))]);
        plan.Declare($"{name}.bias", [parts.Length * outputs], false, Initial.Zeros, p => _bias = p,
            [.. parts.Select((part, i) => new Plan.Piece($"{part}.bias", [outputs], 0, (long)i * outputs, outputs))]);
    }

    /// <summary>Some rows of a packed projection of PyTorch's MultiheadAttention: NAME_weight [3d,d] and NAME_bias [3d].</summary>
    /// <param name="plan">declares the parameters</param>
    /// <param name="fileName">in weight files, up to _weight and _bias</param>
    /// <param name="width">d</param>
    /// <param name="from">first of the three blocks: 0 query, 1 key, 2 value</param>
    /// <param name="to">one past the last block</param>
    public Linear(Plan plan, string fileName, int width, int from, int to)
    {
        string name = (from, to) == (0, 3) ? fileName : $"{fileName}_{from}{to}";
        long size = (long)width * width;
        int blocks = to - from;
        plan.Declare($"{name}_weight", [blocks * width, width], true, plan.Normal, p => _weight = p,
            [new Plan.Piece($"{fileName}_weight", [3 * width, width], from * size, 0, blocks * size)]);
        plan.Declare($"{name}_bias", [blocks * width], false, Initial.Zeros, p => _bias = p,
            [new Plan.Piece($"{fileName}_bias", [3 * width], (long)from * width, 0, (long)blocks * width)]);
    }

    public Variable Apply(Tape tape, Variable x, GemmActivation activation = GemmActivation.None)
        => tape.Linear(x, _weight, _bias, activation);
}
