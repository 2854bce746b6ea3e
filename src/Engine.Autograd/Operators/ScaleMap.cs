using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo ScaleMapInfo = new(
        "scale_map",
        "y = x / max x; (x - min x) / (max x - min x); x · p; x, row by row",
        [new("x", "float", "[n,p]")],
        [new("by", AttributeType.Choice, "max", "max", "minmax", "size", "none")],
        ["y"],
        call => [call.Tape.ScaleMap(call.Input("x"), call.Choice("by") switch
        {
            "max" => MapScale.Max,
            "minmax" => MapScale.Minmax,
            "size" => MapScale.Size,
            _ => MapScale.None,
        })]);

    /// <summary>Scales each attention map: by its maximum, to [0, 1], by its size, or not at all.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[n, p]: n maps of p places</param>
    /// <param name="by">the scale; the gradient goes through maximum and minimum, ties to the first place</param>
    /// <returns>[n, p]</returns>
    /// <exception cref="ShapeException">x is not [n, p] with p of at least 1</exception>
    public static Variable ScaleMap(this Tape tape, Variable x, MapScale by = MapScale.Max)
    {
        using var range = tape.Range("scale_map");
        Check.Floating("scale_map", "x", x);
        Check.Rank("scale_map", "x", x, 2, "[n,p]");
        if (x.Shape[1] == 0)
        {
            throw new ShapeException($"scale_map: x must be [n,p] with p of at least 1, found {x.Shape}");
        }

        var y = tape.Empty(x.Shape, x.DType);
        var places = tape.Empty([x.Shape[0], 2], DType.I64);
        if (tape.Device is CudaDevice gpu)
        {
            ScaleMapCuda.Forward(gpu, by, x.Value, y, places);
        }
        else
        {
            ScaleMapCpu.Forward(tape.Cpu, by, x.Value, y, places);
        }

        var result = tape.Record("scale_map", y, [x], [x.Value, y, places], ScaleMapBackward, [], [(long)by]);
        tape.Release(places);
        return result;
    }

    private static void ScaleMapBackward(Tape tape, Node node)
    {
        var dx = tape.BeginGrad(node.Input(0)!);
        var by = (MapScale)node.Integer(0);
        if (tape.Device is CudaDevice gpu)
        {
            ScaleMapCuda.Backward(gpu, by, node.Saved(0), node.Saved(2), node.OutputGrad()!, dx);
        }
        else
        {
            ScaleMapCpu.Backward(tape.Cpu, by, node.Saved(0), node.Saved(1), node.Saved(2), node.OutputGrad()!, dx);
        }

        tape.EndGrad(node.Input(0)!, dx);
    }
}
