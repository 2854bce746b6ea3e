using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>Small tensors of a step, and the same data under another shape.</summary>
public static unsafe class TapeTensors
{
    /// <summary>A tensor of the step, all zero.</summary>
    /// <param name="tape">gives the memory</param>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    /// <returns>the tensor</returns>
    public static Tensor Zeros(this Tape tape, Shape shape, DType dtype)
    {
        var tensor = tape.Empty(shape, dtype);
        tensor.Clear();
        return tensor;
    }

    /// <summary>A tensor of the step with one element and no axes.</summary>
    /// <param name="tape">gives the memory</param>
    /// <param name="value">its value</param>
    /// <param name="dtype">f32, f64 or bf16</param>
    /// <returns>the tensor</returns>
    public static Tensor Scalar(this Tape tape, double value, DType dtype) => tape.Single(value, [], dtype);

    /// <summary>The same data under another shape.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any</param>
    /// <param name="shape">as many elements</param>
    /// <returns>a view: no copy, gradients pass through</returns>
    public static Variable Reshape(this Tape tape, Variable x, Shape shape) => x.Shape == shape
        ? x
        : tape.Record("reshape", tape.View(x.Value, shape), [x], [], ReshapeBackward);

    private static void ReshapeBackward(Tape tape, Node node) => tape.ShareGrad(node.Input(0)!, node.OutputGrad()!);

    internal static Tensor Single(this Tape tape, double value, Shape shape, DType dtype)
    {
        var tensor = tape.OnHost(shape, dtype);
        switch (dtype)
        {
            case DType.F64:
                *tensor.Data<double>() = value;
                break;
            case DType.F32:
                *tensor.Data<float>() = (float)value;
                break;
            default:
                *tensor.Data<ushort>() = DTypes.ToBF16((float)value);
                break;
        }

        return tape.OnDevice(tensor);
    }
}
