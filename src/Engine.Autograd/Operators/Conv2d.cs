using Engine.Autograd.Operators;
using Engine.Kernels;
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
        if (tape.Device is CudaDevice gpu)
        {
            var columns = ColumnsFor(tape, x.Value, in window);
            Conv2dCuda.Forward(gpu, x.Value, weight.Value, in window, y, columns);
            tape.Release(columns);
            AddChannels(tape, gpu, bias?.Value, y);
        }
        else
        {
            Conv2dCpu.Forward(tape.Cpu, x.Value, weight.Value, bias?.Value, in window, y);
        }

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
        var gpu = tape.Device as CudaDevice;
        if (node.Needs(2))
        {
            var dbias = tape.BeginGrad(node.Input(2)!);
            if (gpu is null)
            {
                Conv2dCpu.BackwardBias(tape.Cpu, dy, dbias);
            }
            else
            {
                SumInto(tape, dy, 0b1101, 1, dbias);
            }

            tape.EndGrad(node.Input(2)!, dbias);
        }

        if (node.Needs(1))
        {
            var (x, dweight) = (node.Saved(0), tape.BeginGrad(node.Input(1)!));
            if (gpu is null)
            {
                Conv2dCpu.BackwardWeight(tape.Cpu, x, dy, in window, dweight);
            }
            else
            {
                Conv2dBackwardWeight(tape, gpu, x, dy, in window, dweight);
            }

            tape.EndGrad(node.Input(1)!, dweight);
        }

        if (node.Needs(0))
        {
            var (weight, dx) = (node.Saved(1), tape.BeginGrad(node.Input(0)!));
            if (gpu is null)
            {
                Conv2dCpu.BackwardX(tape.Cpu, weight, dy, in window, dx);
            }
            else
            {
                var columns = ColumnsFor(tape, dx, in window);
                Conv2dCuda.BackwardX(gpu, weight, dy, in window, dx, columns);
                tape.Release(columns);
            }

            tape.EndGrad(node.Input(0)!, dx);
        }
    }

    private static void Conv2dBackwardWeight(Tape tape, CudaDevice gpu, Tensor x, Tensor dy, in Window window, Tensor dweight)
    {
        long together = Conv2dCuda.Together(x, in window);
        var columns = tape.Empty([together * Conv2dCuda.ColumnsOf(x, in window)], x.DType);
        var turned = tape.Empty([together * dy.Shape.Fold(1, 4)], x.DType);
        var wide = Conv2dCuda.WantsWide(x, in window) ? tape.Empty(dweight.Shape, DType.F32) : null;
        Conv2dCuda.BackwardWeight(gpu, x, dy, in window, wide ?? dweight, columns, turned);
        if (wide is not null)
        {
            MatmulCuda.Narrow(gpu, wide, dweight);
        }

        ReleaseAll(tape, columns, turned);
        tape.Release(wide);
    }

    private static Tensor? ColumnsFor(Tape tape, Tensor x, in Window window) =>
        window.IsPixel ? null : tape.Empty([Conv2dCuda.Together(x, in window) * Conv2dCuda.ColumnsOf(x, in window)], x.DType);

    /// <summary>y += bias, a number for each channel.</summary>
    private static void AddChannels(Tape tape, CudaDevice gpu, Tensor? bias, Tensor y)
    {
        if (bias is not null)
        {
            var column = tape.View(bias, [bias.Count, 1, 1]);
            BroadcastCuda.Add(gpu, y, column, y);
            tape.Release(column);
        }
    }
}
