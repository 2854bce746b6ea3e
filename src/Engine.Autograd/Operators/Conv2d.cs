using Engine.Autograd.Operators;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo Conv2dInfo = new(
        "conv2d",
        "y[o, i, j] = Σ weight[o, c, u, v] · x[c, i · stride + u - padding, j · stride + v - padding] + bias[o], zeros outside x",
        [new("x", "float", "[b,c,h,w]"), new("weight", "float", "[o,c,ky,kx]"), new("bias", "float", "[o]") { Optional = true }],
        [new("stride", AttributeType.Integers, "1"), new("padding", AttributeType.Integers, "0")],
        ["y"],
        call =>
        {
            var stride = WindowAttributes.Pair(call, "conv2d", "stride", (1, 1));
            var pad = WindowAttributes.Pair(call, "conv2d", "padding", (0, 0));
            return [call.Tape.Conv2d(call.Input("x"), call.Input("weight"), call.Optional("bias"), stride.Y, stride.X, pad.Y, pad.X)];
        });

    /// <summary>Two-dimensional convolution (cross-correlation, as in PyTorch), without dilation and groups.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="weight">[o, c, ky, kx]</param>
    /// <param name="bias">[o] or null</param>
    /// <param name="strideY">rows from one place of the window to the next, at least 1</param>
    /// <param name="strideX">columns from one place to the next, at least 1</param>
    /// <param name="padY">rows of zeros above and below, at least 0</param>
    /// <param name="padX">columns of zeros left and right, at least 0</param>
    /// <returns>[b, o, floor((h + 2 padY - ky) / strideY) + 1, floor((w + 2 padX - kx) / strideX) + 1], dtype of <paramref name="x"/></returns>
    /// <exception cref="ShapeException">channels differ, bias is not [o], or the kernel is larger than the padded image</exception>
    /// <exception cref="DwarfException">stride or padding out of range</exception>
    /// <remarks>The columns of a whole batch never exist at once: see the loops' own remarks.</remarks>
    public static Variable Conv2d(
        this Tape tape, Variable x, Variable weight, Variable? bias = null, int strideY = 1, int strideX = 1, int padY = 0, int padX = 0)
    {
        using var range = tape.Range("conv2d");
        const string op = "conv2d";
        Check.Floating(op, "x", x);
        Check.Rank(op, "x", x, 4, "[b,c,h,w]");
        Check.SameDType(op, "weight", weight, "x", x);
        Check.Rank(op, "weight", weight, 4, "[o,c,ky,kx]");
        var (outputs, ky, kx) = (weight.Shape[0], weight.Shape[2], weight.Shape[3]);
        Check.Shape(op, "weight", weight, [outputs, x.Shape[1], Math.Max(1, ky), Math.Max(1, kx)], "[o,c,ky,kx] with c of x", x);
        if (bias is not null)
        {
            Check.SameDType(op, "bias", bias, "x", x);
            Check.Shape(op, "bias", bias, [outputs], "o is the first axis of weight", weight);
        }

        var window = new Window(ky, kx, strideY, strideX, padY, padX);
        var (height, width) = WindowAttributes.Places(op, x, in window);
        var y = tape.Empty([x.Shape[0], outputs, height, width], x.DType);
        Conv2dCpu.Forward(tape.Cpu, x.Value, weight.Value, bias?.Value, in window, y);
        return tape.Record(
            op,
            y,
            [x, weight, bias],
            [weight.RequiresGrad ? x.Value : null, x.RequiresGrad ? weight.Value : null],
            Conv2dBackward,
            integers: [ky, kx, strideY, strideX, padY, padX]);
    }

    private static void Conv2dBackward(Tape tape, Node node)
    {
        var (dy, window) = (node.OutputGrad()!, WindowAttributes.Of(node));
        if (node.Needs(2))
        {
            var dbias = tape.BeginGrad(node.Input(2)!);
            Conv2dCpu.BackwardBias(tape.Cpu, dy, dbias);
            tape.EndGrad(node.Input(2)!, dbias);
        }

        if (node.Needs(1))
        {
            var dweight = tape.BeginGrad(node.Input(1)!);
            Conv2dCpu.BackwardWeight(tape.Cpu, node.Saved(0), dy, in window, dweight);
            tape.EndGrad(node.Input(1)!, dweight);
        }

        if (node.Needs(0))
        {
            var dx = tape.BeginGrad(node.Input(0)!);
            Conv2dCpu.BackwardX(tape.Cpu, node.Saved(1), dy, in window, dx);
            tape.EndGrad(node.Input(0)!, dx);
        }
    }
}
