using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo LogitInfo = new(
        "logit",
        "y = log(c / (1 - c)), c = x clipped to [eps, 1 - eps]",
        [new("x", "float", "[...]")],
        [new("eps", AttributeType.Number, "1e-4")],
        ["y"],
        call => [call.Tape.Logit(call.Input("x"), call.Number("eps"))]);

    /// <summary>The logit of a probability kept off 0 and 1: y = log(c / (1 − c)) with c = x clipped to [eps, 1 − eps].</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape, from 0 to 1</param>
    /// <param name="eps">above 0, at most 1/2</param>
    /// <returns>as <paramref name="x"/></returns>
    /// <exception cref="Engine.Tensors.DwarfException">eps is out of range</exception>
    /// <remarks>The gradient is the true one: 1 / (x·(1 − x)) inside the range and on its bounds, 0 outside, as PyTorch's logit.</remarks>
    public static Variable Logit(this Tape tape, Variable x, double eps = 1e-4)
    {
        using var range = tape.Range("logit");
        Check.Floating("logit", "x", x);
        Check.Range("logit", "eps", eps is > 0 and <= 0.5, "above 0 and at most 0.5", eps);
        var y = tape.Empty(x.Shape, x.DType);
        if (tape.Device is CudaDevice gpu)
        {
            LogitCuda.Forward(gpu, x.Value, eps, y);
        }
        else
        {
            LogitCpu.Forward(tape.Cpu, x.Value, eps, y);
        }

        return tape.Record("logit", y, [x], [x.Value], LogitBackward, [eps]);
    }

    private static void LogitBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        if (tape.Device is CudaDevice gpu)
        {
            LogitCuda.Backward(gpu, node.Saved(0), node.Number(0), node.OutputGrad()!, dx);
        }
        else
        {
            LogitCpu.Backward(tape.Cpu, node.Saved(0), node.Number(0), node.OutputGrad()!, dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
