using Engine.Autograd;

namespace Dwarf.Model.Layers;

/// <summary>Layer norm with its weight and bias.</summary>
internal sealed class Norm
{
    private readonly double _epsilon;
    private Parameter _weight = null!;
    private Parameter _bias = null!;

    public Norm(Plan plan, string name, int width, double epsilon)
    {
        _epsilon = epsilon;
        plan.Declare($"{name}.weight", [width], false, Initial.Ones, p => _weight = p);
        plan.Declare($"{name}.bias", [width], false, Initial.Zeros, p => _bias = p);
    }

    public Variable Apply(Tape tape, Variable x) => tape.LayerNorm(x, _weight, _bias, _epsilon);

    /// <summary>The norm of branch + stream, and the sum, which is the stream from here on: one pass over both, and the last that reads them.</summary>
    public (Variable Y, Variable Stream) Apply(Tape tape, Variable branch, Variable stream)
    {
        var result = tape.LayerNorm(branch, stream, _weight, _bias, _epsilon);
        tape.Done(branch);
        tape.Done(stream);
        return result;
    }
}
