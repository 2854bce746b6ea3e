using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo MaxPool2dInfo = new(
        "max_pool2d",
        "y = the largest x in the window; its gradient goes to the first of equals, and NaN wins",
        [new("x", "float", "[b,c,h,w]")],
        [
            new("kernel_size", AttributeType.Integers, "") { Required = true },
            new("stride", AttributeType.Integers, ""),
            new("padding", AttributeType.Integers, "0"),
        ],
        ["y"],
        call =>
        {
            var kernel = WindowAttributes.Pair(call, "max_pool2d", "kernel_size", (1, 1));
            var stride = WindowAttributes.Pair(call, "max_pool2d", "stride", kernel);
            var pad = WindowAttributes.Pair(call, "max_pool2d", "padding", (0, 0));
            return [call.Tape.MaxPool2d(call.Input("x"), kernel.Y, kernel.X, stride.Y, stride.X, pad.Y, pad.X)];
        });

    /// <summary>Two-dimensional max pooling as PyTorch's, without dilation and ceil_mode; padding never wins.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="kernelY">rows of the window, at least 1</param>
    /// <param name="kernelX">columns of the window, at least 1</param>
    /// <param name="strideY">rows from one place of the window to the next, at least 1</param>
    /// <param name="strideX">columns from one place to the next, at least 1</param>
    /// <param name="padY">rows added above and below, at most half of <paramref name="kernelY"/></param>
    /// <param name="padX">columns added left and right, at most half of <paramref name="kernelX"/></param>
    /// <returns>[b, c, floor((h + 2 padY - kernelY) / strideY) + 1, floor((w + 2 padX - kernelX) / strideX) + 1]</returns>
    /// <exception cref="ShapeException">the window is larger than the padded image</exception>
    /// <exception cref="DwarfException">kernel, stride or padding out of range</exception>
    public static Variable MaxPool2d(
        this Tape tape, Variable x, int kernelY, int kernelX, int strideY, int strideX, int padY = 0, int padX = 0)
    {
        using var range = tape.Range("max_pool2d");
        const string op = "max_pool2d";
        Check.Floating(op, "x", x);
        Check.Rank(op, "x", x, 4, "[b,c,h,w]");
        Check.Range(op, "kernel_size", kernelY >= 1, "at least 1", kernelY);
        Check.Range(op, "kernel_size", kernelX >= 1, "at least 1", kernelX);
        Check.Range(op, "padding", padY <= kernelY / 2, "at most half of kernel_size", padY);
        Check.Range(op, "padding", padX <= kernelX / 2, "at most half of kernel_size", padX);
        var window = new Window(kernelY, kernelX, strideY, strideX, padY, padX);
        var (height, width) = WindowAttributes.Places(op, x, in window);
        if (x.Shape[2] == 0 || x.Shape[3] == 0)
        {
            throw new ShapeException($"{op}: x must have at least one pixel, found {x.Shape}");
        }

        var y = tape.Empty(x.Shape.With(2, height).With(3, width), x.DType);
        var indices = tape.WillRecord(x) ? tape.Empty(y.Shape, DType.I64) : null;
        if (tape.Device is CudaDevice gpu)
        {
            MaxPool2dCuda.Forward(gpu, x.Value, in window, y, indices);
        }
        else
        {
            MaxPool2dCpu.Forward(tape.Cpu, x.Value, in window, y, indices);
        }

        var result = tape.Record(op, y, [x], [indices], MaxPool2dBackward, integers: [kernelY, kernelX, strideY, strideX, padY, padX]);
        tape.Release(indices);
        return result;
    }

    private static void MaxPool2dBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        if (tape.Device is CudaDevice gpu)
        {
            MaxPool2dCuda.Backward(gpu, node.OutputGrad()!, node.Saved(0), WindowAttributes.Of(node), dx);
        }
        else
        {
            MaxPool2dCpu.Backward(tape.Cpu, node.OutputGrad()!, node.Saved(0), dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
