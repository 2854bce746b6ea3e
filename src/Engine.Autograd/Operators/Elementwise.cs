using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

/// <content>The functions of one variable.</content>
public static partial class Ops
{
    internal static readonly OperatorInfo GeluInfo = Elementwise("gelu", "y = x · Φ(x), Φ the normal distribution function", Gelu);

    internal static readonly OperatorInfo ReluInfo = Elementwise("relu", "y = max(x, 0)", Relu);

    internal static readonly OperatorInfo TanhInfo = Elementwise("tanh", "y = tanh(x)", Tanh);

    internal static readonly OperatorInfo SigmoidInfo = Elementwise("sigmoid", "y = 1 / (1 + exp(-x))", Sigmoid);

    /// <summary>Exact GELU: y = x · Φ(x).</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape</param>
    /// <returns>as <paramref name="x"/></returns>
    /// <remarks>Hendrycks and Gimpel 2016, arXiv:1606.08415.</remarks>
    public static Variable Gelu(this Tape tape, Variable x) => Apply(tape, "gelu", ElementwiseFunction.Gelu, x);

    /// <summary>y = max(x, 0); the gradient at 0 is 0.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape</param>
    /// <returns>as <paramref name="x"/></returns>
    public static Variable Relu(this Tape tape, Variable x) => Apply(tape, "relu", ElementwiseFunction.Relu, x);

    /// <summary>y = tanh(x).</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape</param>
    /// <returns>as <paramref name="x"/></returns>
    public static Variable Tanh(this Tape tape, Variable x) => Apply(tape, "tanh", ElementwiseFunction.Tanh, x);

    /// <summary>y = 1 / (1 + exp(-x)).</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">any shape</param>
    /// <returns>as <paramref name="x"/></returns>
    public static Variable Sigmoid(this Tape tape, Variable x) => Apply(tape, "sigmoid", ElementwiseFunction.Sigmoid, x);

    private static OperatorInfo Elementwise(string name, string summary, Func<Tape, Variable, Variable> run) =>
        new(name, summary, [new("x", "float", "[...]")], [], ["y"], call => [run(call.Tape, call.Input("x"))]);

    private static Variable Apply(Tape tape, string op, ElementwiseFunction function, Variable x)
    {
        using var range = tape.Range(op);
        Check.Floating(op, "x", x);
        var y = tape.Empty(x.Shape, x.DType);
        if (tape.Device is CudaDevice gpu)
        {
            ElementwiseCuda.Forward(gpu, function, x.Value, y);
        }
        else
        {
            ElementwiseCpu.Forward(tape.Cpu, function, x.Value, y);
        }

        return tape.Record(op, y, [x], [function == ElementwiseFunction.Gelu ? x.Value : y], ElementwiseBackward, [], [(long)function]);
    }

    private static void ElementwiseBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        var function = (ElementwiseFunction)node.Integer(0);
        if (tape.Device is CudaDevice gpu)
        {
            ElementwiseCuda.Backward(gpu, function, node.Saved(0), node.OutputGrad()!, dx);
        }
        else
        {
            ElementwiseCpu.Backward(tape.Cpu, function, node.Saved(0), node.OutputGrad()!, dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
