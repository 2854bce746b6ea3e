using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo BilinearResizeInfo = new(
        "bilinear_resize",
        "y = x at (i + 1/2) · h / height - 1/2, blended from its four neighbours",
        [new("x", "float", "[b,c,h,w]")],
        [new("height", AttributeType.Integer, "") { Required = true }, new("width", AttributeType.Integer, "") { Required = true }],
        ["y"],
        call => [call.Tape.BilinearResize(call.Input("x"), call.Integer("height"), call.Integer("width"))]);

    /// <summary>Bilinear resizing as PyTorch's: pixel centres aligned (align_corners = false), no smoothing when it shrinks.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[b, c, h, w]</param>
    /// <param name="height">of the result, at least 1</param>
    /// <param name="width">of the result, at least 1</param>
    /// <returns>[b, c, height, width]</returns>
    /// <exception cref="ShapeException">x has not four axes, or no pixel</exception>
    public static Variable BilinearResize(this Tape tape, Variable x, long height, long width)
    {
        using var range = tape.Range("bilinear_resize");
        const string op = "bilinear_resize";
        Check.Floating(op, "x", x);
        Check.Rank(op, "x", x, 4, "[b,c,h,w]");
        Check.Range(op, "height", height > 0, "at least 1", height);
        Check.Range(op, "width", width > 0, "at least 1", width);
        var (h, w) = (x.Shape[2], x.Shape[3]);
        if (h == 0 || w == 0)
        {
            throw new ShapeException($"{op}: x must have at least one pixel, found {x.Shape}");
        }

        long planes = x.Shape[0] * x.Shape[1];
        var y = tape.Empty(x.Shape.With(2, height).With(3, width), x.DType);
        var (from, to) = (tape.View(x.Value, [planes, h, w]), tape.View(y, [planes, height, width]));
        if (tape.Device is CudaDevice gpu)
        {
            BilinearResizeCuda.Forward(gpu, from, to);
        }
        else
        {
            var (columns, weights, rows) = ResizeScratch(tape, planes, w, width, x.DType);
            BilinearResizeCpu.Forward(tape.Cpu, from, to, columns, weights, rows);
            ReleaseAll(tape, columns, weights, rows);
        }

        ReleaseAll(tape, from, to);
        return tape.Record(op, y, [x], [], BilinearResizeBackward);
    }

    private static void BilinearResizeBackward(Tape tape, Node node)
    {
        var (x, dy) = (node.Input(0)!, node.OutputGrad()!);
        var (h, w, height, width) = (x.Shape[2], x.Shape[3], dy.Shape[2], dy.Shape[3]);
        long planes = x.Shape[0] * x.Shape[1];
        var dx = tape.BeginGrad(x);
        var (from, to) = (tape.View(dy, [planes, height, width]), tape.View(dx, [planes, h, w]));
        if (tape.Device is CudaDevice gpu)
        {
            BilinearResizeCuda.Backward(gpu, from, to);
        }
        else
        {
            var (columns, weights, rows) = ResizeScratch(tape, planes, width, width, x.DType);
            BilinearResizeCpu.Backward(tape.Cpu, from, to, columns, weights, rows);
            ReleaseAll(tape, columns, weights, rows);
        }

        ReleaseAll(tape, from, to);
        tape.EndGrad(x, dx);
    }

    private static (Tensor Columns, Tensor Weights, Tensor Rows) ResizeScratch(Tape tape, long planes, long row, long width, DType dtype) =>
        (tape.Empty([width], DType.I64), tape.Empty([width], dtype), tape.Empty([planes, row], dtype));

    private static void ReleaseAll(Tape tape, params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            tape.Release(tensor);
        }
    }
}
