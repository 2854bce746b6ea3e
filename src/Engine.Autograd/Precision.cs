using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>From the precision of activations to that of losses.</summary>
public static class Precision
{
    /// <summary>The values in f32, where they are bf16: losses, probabilities and maps are computed so.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any</param>
    /// <returns>x itself where it is f32 or f64; its gradient is rounded to bf16 where it is not</returns>
    public static Variable Widen(this Tape tape, Variable x)
    {
        if (x.DType != DType.BF16)
        {
            return x;
        }

        var y = tape.Empty(x.Shape, DType.F32);
        AccumulateCuda.Widen(Gpu(tape), y, x.Value, adds: false);
        return tape.Record("widen", y, [x], [], WidenBackward);
    }

    private static void WidenBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        AccumulateCuda.Narrow(Gpu(tape), node.OutputGrad()!, dx);
        tape.EndGrad(node.Input(0)!, dx);
    }

    private static CudaDevice Gpu(Tape tape) => tape.Device as CudaDevice
        ?? throw new DwarfException(ErrorKind.Unavailable, $"bf16 is not available on {tape.Device.Name}; use f32 or f64");
}
