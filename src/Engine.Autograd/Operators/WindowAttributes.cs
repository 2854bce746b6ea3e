using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd.Operators;

/// <summary>Attributes and checks of operators whose window slides over an image.</summary>
internal static class WindowAttributes
{
    /// <summary>One number for both axes, or two: rows first.</summary>
    public static (int Y, int X) Pair(OperatorCall call, string op, string name, (int Y, int X) fallback)
    {
        if (call.Integers(name) is not { } numbers)
        {
            return fallback;
        }

        if (numbers.Length is < 1 or > 2)
        {
            throw new DwarfException(ErrorKind.Usage, $"{op}: attribute {name} must be one integer or two (rows, columns), found {numbers.Length}");
        }

        var (y, x) = (numbers[0], numbers[^1]);
        Check.Range(op, name, y is >= 0 and <= int.MaxValue, "at least 0 and below 2^31", y);
        Check.Range(op, name, x is >= 0 and <= int.MaxValue, "at least 0 and below 2^31", x);
        return ((int)y, (int)x);
    }

    /// <summary>The size of the result, once stride and padding are sensible and the window fits.</summary>
    public static (long Height, long Width) Places(string op, Variable x, in Window window)
    {
        Check.Range(op, "stride", window.StrideY >= 1, "at least 1", window.StrideY);
        Check.Range(op, "stride", window.StrideX >= 1, "at least 1", window.StrideX);
        Check.Range(op, "padding", window.PadY >= 0, "at least 0", window.PadY);
        Check.Range(op, "padding", window.PadX >= 0, "at least 0", window.PadX);
        var (height, width) = (window.Height(x.Shape[2]), window.Width(x.Shape[3]));
        return height > 0 && width > 0 ? (height, width) : throw new ShapeException(
            $"{op}: the window {window.KernelY} x {window.KernelX} must fit x and its padding {window.PadY},{window.PadX}, found x {x.Shape}");
    }

    /// <summary>The window that a node was recorded with.</summary>
    public static Window Of(Node node) =>
        new(node.Integer(0), node.Integer(1), node.Integer(2), node.Integer(3), node.Integer(4), node.Integer(5));
}
