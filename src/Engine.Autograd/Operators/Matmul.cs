using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo MatmulInfo = new(
        "matmul",
        "y = op(a) op(b), leading axes broadcast",
        [new("a", "float", "[...,m,k]"), new("b", "float", "[...,k,n]")],
        [new("transpose_a", AttributeType.Bool, "false"), new("transpose_b", AttributeType.Bool, "false")],
        ["y"],
        call => [call.Tape.Matmul(call.Input("a"), call.Input("b"), call.Bool("transpose_a"), call.Bool("transpose_b"))]);

    /// <summary>Batched matrix product y = op(a)·op(b); leading axes broadcast as NumPy's.</summary>
    /// <param name="tape">records it</param>
    /// <param name="a">[..., m, k], or [..., k, m] with <paramref name="transposeA"/></param>
    /// <param name="b">[..., k, n], or [..., n, k] with <paramref name="transposeB"/></param>
    /// <param name="transposeA">swap the last two axes of a</param>
    /// <param name="transposeB">swap the last two axes of b</param>
    /// <returns>[..., m, n]</returns>
    /// <exception cref="ShapeException">fewer than two axes, k differs, or leading axes do not broadcast</exception>
    public static Variable Matmul(this Tape tape, Variable a, Variable b, bool transposeA = false, bool transposeB = false)
    {
        using var range = tape.Range("matmul");
        Check.Floating("matmul", "a", a);
        Check.SameDType("matmul", "b", b, "a", a);
        Shape leading = CheckMatmul(a.Shape, b.Shape, transposeA, transposeB);
        Span<long> sizes = stackalloc long[Shape.MaxRank];
        leading.CopyTo(sizes);
        sizes[leading.Rank] = a.Shape[transposeA ? -1 : -2];
        sizes[leading.Rank + 1] = b.Shape[transposeB ? -2 : -1];
        var y = tape.Empty(Shape.Of(sizes[..(leading.Rank + 2)]), a.DType);
        MatmulProduct(tape, a.Value, transposeA, b.Value, transposeB, y, leading);
        return tape.Record(
            "matmul",
            y,
            [a, b],
            [b.RequiresGrad ? a.Value : null, a.RequiresGrad ? b.Value : null],
            MatmulBackward,
            integers: [transposeA ? 1 : 0, transposeB ? 1 : 0]);
    }

    private static Shape CheckMatmul(Shape a, Shape b, bool transposeA, bool transposeB)
    {
        if (a.Rank < 2 || b.Rank < 2)
        {
            throw new ShapeException($"matmul: a and b must have at least two axes, found a {a} and b {b}");
        }

        long k = a[transposeA ? -2 : -1];
        if (k != b[transposeB ? -1 : -2])
        {
            string form = transposeB ? "[...,n,k]" : "[...,k,n]";
            throw new ShapeException($"matmul: b must be {form} with k = {k} (as in a {a}{(transposeA ? ", transposed" : "")}), found {b}");
        }

        int rank = Math.Max(a.Rank, b.Rank) - 2;
        Span<long> sizes = stackalloc long[Shape.MaxRank];
        for (int i = 0; i < rank; i++)
        {
            int fromEnd = i - rank - 2;
            long left = -fromEnd <= a.Rank ? a[fromEnd] : 1, right = -fromEnd <= b.Rank ? b[fromEnd] : 1;
            if (left != right && left != 1 && right != 1)
            {
                throw new ShapeException($"matmul: leading axes of a {a} and b {b} must broadcast, found {left} against {right}");
            }

            sizes[i] = left == 1 ? right : left;
        }

        return Shape.Of(sizes[..rank]);
    }

    private static void MatmulProduct(
        Tape tape, Tensor left, bool transLeft, Tensor right, bool transRight, Tensor result, Shape leading)
    {
        if (tape.Device is not CudaDevice gpu)
        {
            MatmulCpu.Product(tape.Cpu, left, transLeft, right, transRight, result, leading);
            return;
        }

        var wide = MatmulCuda.WantsWide(left, transLeft, right, transRight, result, leading) ? tape.Empty(result.Shape, DType.F32) : null;
        MatmulCuda.Product(gpu, left, transLeft, right, transRight, result, leading, wide);
        tape.Release(wide);
    }

    private static void MatmulBackward(Tape tape, Node node)
    {
        var dy = node.OutputGrad()!;
        bool transposeA = node.Integer(0) == 1, transposeB = node.Integer(1) == 1;
        Span<long> sizes = stackalloc long[Shape.MaxRank];
        dy.Shape.CopyTo(sizes);
        Shape leading = Shape.Of(sizes[..(dy.Shape.Rank - 2)]);
        if (node.Needs(0))
        {
            // da = dy·op(b)ᵀ; stored transposed it is op(b)·dyᵀ.
            var (b, da) = (node.Saved(1), tape.BeginGrad(node.Input(0)!));
            if (transposeA)
            {
                MatmulProduct(tape, b, transposeB, dy, true, da, leading);
            }
            else
            {
                MatmulProduct(tape, dy, false, b, !transposeB, da, leading);
            }

            tape.EndGrad(node.Input(0)!, da);
        }

        if (node.Needs(1))
        {
            // db = op(a)ᵀ·dy; stored transposed it is dyᵀ·op(a).
            var (a, db) = (node.Saved(0), tape.BeginGrad(node.Input(1)!));
            if (transposeB)
            {
                MatmulProduct(tape, dy, true, a, transposeA, db, leading);
            }
            else
            {
                MatmulProduct(tape, a, !transposeA, dy, false, db, leading);
            }

            tape.EndGrad(node.Input(1)!, db);
        }
    }
}
