using Engine.Autograd;

namespace Dwarf.Model.Layers;

/// <summary>A square convolution and the batch norm behind it, with their published names.</summary>
internal sealed class Convolution
{
    private readonly int _stride;
    private readonly int _padding;
    private readonly bool _frozen;
    private Parameter _weight = null!;
    private Parameter _scale = null!;
    private Parameter _shift = null!;
    private Parameter _mean = null!;
    private Parameter _variance = null!;

    /// <summary>Declares both.</summary>
    /// <param name="plan">declares the parameters</param>
    /// <param name="name">of the convolution: NAME.weight [out,in,side,side], no bias</param>
    /// <param name="norm">of the batch norm: weight, bias, running_mean, running_var, all [out]</param>
    /// <param name="inputs">channels in</param>
    /// <param name="outputs">channels out</param>
    /// <param name="side">of the window; it is padded by half of it</param>
    /// <param name="stride">pixels from one place of the window to the next</param>
    /// <param name="frozen">whether the norm keeps to its running statistics in training, too</param>
    public Convolution(Plan plan, string name, string norm, int inputs, int outputs, int side, int stride, bool frozen)
    {
        (_stride, _padding, _frozen) = (stride, side / 2, frozen);

        // He et al. 2015, arXiv:1502.01852: the variance of the gradients stays the same through a ReLU.
        var initial = Initial.Normal(Math.Sqrt(2.0 / ((long)outputs * side * side)));
        plan.Declare($"{name}.weight", [outputs, inputs, side, side], true, initial, p => _weight = p);
        plan.Declare($"{norm}.weight", [outputs], false, Initial.Ones, p => _scale = p);
        plan.Declare($"{norm}.bias", [outputs], false, Initial.Zeros, p => _shift = p);
        plan.Buffer($"{norm}.running_mean", [outputs], Initial.Zeros, p => _mean = p);
        plan.Buffer($"{norm}.running_var", [outputs], Initial.Ones, p => _variance = p);
    }

    /// <summary>Convolves and normalises.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[b,in,h,w]</param>
    /// <param name="training">whether the batch's own statistics serve, unless the norm is frozen</param>
    /// <returns>[b,out,h',w']</returns>
    public Variable Apply(Tape tape, Variable x, bool training)
    {
        var y = tape.Conv2d(x, _weight, null, _stride, _stride, _padding, _padding);

        // Where neither scale nor shift is trained nobody wants the statistics to move, either.
        bool moves = training && !_frozen && (_scale.RequiresGrad || _shift.RequiresGrad);
        return tape.BatchNorm(y, _scale, _shift, _mean.Value, _variance.Value, moves);
    }
}
