using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo DropoutInfo = new(
        "dropout",
        "y = x / (1 - p) where the element's uniform number is at least p, else 0",
        [new("x", "float", "[...]")],
        [new("p", AttributeType.Number, "0.1"), new("seed", AttributeType.Integer, "0"), new("offset", AttributeType.Integer, "0")],
        ["y"],
        call => [call.Tape.Dropout(call.Input("x"), call.Number("p"), (ulong)call.Integer("seed"), (ulong)call.Integer("offset"))]);

    /// <summary>Dropout whose mask is a function of seed and offset alone: element i draws Philox word offset + i.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape</param>
    /// <param name="p">probability of a zero, 0 to 1; 1 gives zeros</param>
    /// <param name="seed">key of the random sequence</param>
    /// <param name="offset">word of the first element: calls with one seed must not overlap</param>
    /// <returns>as <paramref name="x"/></returns>
    /// <exception cref="Engine.Tensors.DwarfException">p is outside [0, 1]</exception>
    /// <remarks>Srivastava et al. 2014, JMLR 15; scaled by 1/(1 − p) in training, as PyTorch.</remarks>
    public static Variable Dropout(this Tape tape, Variable x, double p, ulong seed, ulong offset)
    {
        using var range = tape.Range("dropout");
        Check.Floating("dropout", "x", x);
        Check.Range("dropout", "p", p is >= 0 and <= 1, "from 0 to 1", p);
        var y = tape.Empty(x.Shape, x.DType);
        if (tape.Device is CudaDevice gpu)
        {
            DropoutCuda.Apply(gpu, x.Value, p, seed, offset, y);
        }
        else
        {
            DropoutCpu.Apply(tape.Cpu, x.Value, p, seed, offset, y);
        }

        return tape.Record("dropout", y, [x], [], DropoutBackward, [p], [(long)seed, (long)offset]);
    }

    private static void DropoutBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        if (tape.Device is CudaDevice gpu)
        {
            DropoutCuda.Apply(gpu, node.OutputGrad()!, node.Number(0), (ulong)node.Integer(0), (ulong)node.Integer(1), dx);
        }
        else
        {
            DropoutCpu.Apply(tape.Cpu, node.OutputGrad()!, node.Number(0), (ulong)node.Integer(0), (ulong)node.Integer(1), dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
