using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

/// <content>add and mul, with NumPy's broadcasting.</content>
public static partial class Ops
{
    internal static readonly OperatorInfo AddInfo = new(
        "add",
        "y = a + b with NumPy broadcasting",
        [new("a", "float", "[...]"), new("b", "float", "[...]")],
        [],
        ["y"],
        call => [call.Tape.Add(call.Input("a"), call.Input("b"))]);

    internal static readonly OperatorInfo MulInfo = new(
        "mul",
        "y = a · b with NumPy broadcasting",
        [new("a", "float", "[...]"), new("b", "float", "[...]")],
        [],
        ["y"],
        call => [call.Tape.Mul(call.Input("a"), call.Input("b"))]);

    /// <summary>y = a + b; axes are aligned from the last one, and an axis of size 1 (or a missing one) is repeated.</summary>
    /// <param name="tape">records it</param>
    /// <param name="a">any shape</param>
    /// <param name="b">broadcasts with <paramref name="a"/></param>
    /// <returns>the broadcast shape</returns>
    /// <exception cref="ShapeException">the shapes do not broadcast</exception>
    public static Variable Add(this Tape tape, Variable a, Variable b)
    {
        using var range = tape.Range("add");
        Check.SameDType("add", "b", b, "a", a);
        var y = tape.Empty(BroadcastShape("add", a.Shape, b.Shape), a.DType);
        AddInto(tape, a.Value, b.Value, y);
        return tape.Record("add", y, [a, b], [], AddBackward);
    }

    /// <summary>y = a · b, element by element, broadcast as in <see cref="Add"/>.</summary>
    /// <param name="tape">records it</param>
    /// <param name="a">any shape</param>
    /// <param name="b">broadcasts with <paramref name="a"/></param>
    /// <returns>the broadcast shape</returns>
    /// <exception cref="ShapeException">the shapes do not broadcast</exception>
    public static Variable Mul(this Tape tape, Variable a, Variable b)
    {
        using var range = tape.Range("mul");
        Check.SameDType("mul", "b", b, "a", a);
        var y = tape.Empty(BroadcastShape("mul", a.Shape, b.Shape), a.DType);
        MultiplyInto(tape, a.Value, b.Value, y);
        return tape.Record("mul", y, [a, b], [b.RequiresGrad ? a.Value : null, a.RequiresGrad ? b.Value : null], MulBackward);
    }

    private static void AddInto(Tape tape, Tensor a, Tensor b, Tensor y)
    {
        if (tape.Device is CudaDevice gpu)
        {
            BroadcastCuda.Add(gpu, a, b, y);
        }
        else
        {
            BroadcastCpu.Add(tape.Cpu, a, b, y);
        }
    }

    private static void MultiplyInto(Tape tape, Tensor a, Tensor b, Tensor y)
    {
        if (tape.Device is CudaDevice gpu)
        {
            BroadcastCuda.Multiply(gpu, a, b, y);
        }
        else
        {
            BroadcastCpu.Multiply(tape.Cpu, a, b, y);
        }
    }

    private static void AddBackward(Tape tape, Node node)
    {
        var dy = node.OutputGrad()!;
        for (int i = 0; i < 2; i++)
        {
            if (node.Needs(i))
            {
                EndBroadcastGrad(tape, node.Input(i)!, dy);
            }
        }
    }

    private static void MulBackward(Tape tape, Node node)
    {
        var dy = node.OutputGrad()!;
        for (int i = 0; i < 2; i++)
        {
            if (!node.Needs(i))
            {
                continue;
            }

            var (input, other) = (node.Input(i)!, node.Saved(1 - i));
            if (input.Shape == dy.Shape)
            {
                var dx = tape.BeginGrad(input);
                MultiplyInto(tape, dy, other, dx);
                tape.EndGrad(input, dx);
            }
            else
            {
                var product = tape.Empty(dy.Shape, dy.DType);
                MultiplyInto(tape, dy, other, product);
                EndBroadcastGrad(tape, input, product);
                tape.Release(product);
            }
        }
    }

    /// <summary>The gradient of a broadcast operand: dy summed over the axes along which it was repeated.</summary>
    private static void EndBroadcastGrad(Tape tape, Variable input, Tensor dy)
    {
        if (input.Shape.Count == dy.Count)
        {
            tape.ShareGrad(input, dy);
            return;
        }

        uint reduced = 0;
        for (int back = 1; back <= dy.Shape.Rank; back++)
        {
            if ((back <= input.Shape.Rank ? input.Shape[-back] : 1) != dy.Shape[-back])
            {
                reduced |= 1u << (dy.Shape.Rank - back);
            }
        }

        var dx = tape.BeginGrad(input);
        SumInto(tape, dy, reduced, 1, dx);
        tape.EndGrad(input, dx);
    }

    private static Shape BroadcastShape(string op, Shape a, Shape b)
    {
        Span<long> sizes = stackalloc long[Shape.MaxRank];
        int rank = Math.Max(a.Rank, b.Rank);
        for (int back = 1; back <= rank; back++)
        {
            long sizeA = back <= a.Rank ? a[-back] : 1, sizeB = back <= b.Rank ? b[-back] : 1;
            sizes[rank - back] = sizeA == sizeB || sizeB == 1 ? sizeA
                : sizeA == 1 ? sizeB
                : throw new ShapeException($"{op}: a {a} and b {b} do not broadcast: axis {-back} has {sizeA} and {sizeB}");
        }

        return new Shape(sizes[..rank]);
    }
}
