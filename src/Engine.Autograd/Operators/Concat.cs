using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo ConcatInfo = new(
        "concat",
        "y = x0, x1, … one after another along axis dim",
        [new("x", "float", "[...]") { Variadic = true }],
        [new("dim", AttributeType.Integer, "") { Required = true }],
        ["y"],
        call => [call.Tape.Concat(call.Integer("dim"), call.Variadic("x"))]);

    /// <summary>Joins tensors along one axis.</summary>
    /// <param name="tape">records it</param>
    /// <param name="dim">the axis; negative ones count from the end</param>
    /// <param name="inputs">at least one; same dtype, and same sizes but for the axis</param>
    /// <returns>the joined tensor</returns>
    /// <exception cref="ShapeException">sizes differ elsewhere, or dim is not an axis</exception>
    public static Variable Concat(this Tape tape, long dim, params ReadOnlySpan<Variable> inputs)
    {
        using var range = tape.Range("concat");
        if (inputs.IsEmpty)
        {
            throw new DwarfException(ErrorKind.Content, "concat: at least one input is needed, found none");
        }

        var first = inputs[0];
        Check.Floating("concat", "x0", first);
        Check.LastAxis("concat", "x0", first);
        int axis = Check.Axis("concat", "dim", dim, first.Shape.Rank);
        long size = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].DType != first.DType)
            {
                throw new DTypeException($"concat: x{i} must be {first.DType.Label()} like x0, found {inputs[i].DType.Label()}");
            }

            if (inputs[i].Shape.Rank != first.Shape.Rank || inputs[i].Shape.With(axis, first.Shape[axis]) != first.Shape)
            {
                throw new ShapeException($"concat: x{i} must be as x0 {first.Shape} but for axis {axis}, found {inputs[i].Shape}");
            }

            size += inputs[i].Shape[axis];
        }

        var y = tape.Empty(first.Shape.With(axis, size), first.DType);
        long start = 0;
        foreach (var input in inputs)
        {
            if (tape.Device is CudaDevice gpu)
            {
                ConcatCuda.Forward(gpu, input.Value, axis, start, y);
            }
            else
            {
                ConcatCpu.Forward(tape.Cpu, input.Value, axis, start, y);
            }

            start += input.Shape[axis];
        }

        return tape.Record("concat", y, inputs!, [], ConcatBackward, integers: [axis]);
    }

    private static void ConcatBackward(Tape tape, Node node)
    {
        int axis = (int)node.Integer(0);
        long start = 0;
        for (int i = 0; i < node.InputCount; i++)
        {
            var input = node.Input(i)!;
            if (node.Needs(i))
            {
                var dx = tape.BeginGrad(input);
                if (tape.Device is CudaDevice gpu)
                {
                    ConcatCuda.Backward(gpu, node.OutputGrad()!, axis, start, dx);
                }
                else
                {
                    ConcatCpu.Backward(tape.Cpu, node.OutputGrad()!, axis, start, dx);
                }

                tape.EndGrad(input, dx);
            }

            start += input.Shape[axis];
        }
    }
}
