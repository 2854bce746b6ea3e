using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>From the raw attention map to the one that people see; the only place that knows the way.</summary>
public static class MapRefinement
{
    /// <summary>Scaled maps are clipped this far from 0 and 1 before the logit, so that gradients never die.</summary>
    public const double Clip = 1e-4;

    /// <summary>Scales a raw map, takes logits and lets the head refine them.</summary>
    /// <param name="tape">records it</param>
    /// <param name="map">raw maps [n,hw]</param>
    /// <param name="head">null refines nothing</param>
    /// <param name="config">scale and space</param>
    /// <returns>[n,hw]: logits, or values before the clamp where the head works on the map itself</returns>
    public static Variable Refine(Tape tape, Variable map, RefinementHead? head, MapConfig config)
    {
        var scaled = tape.ScaleMap(map, config.Scale);
        var z = config.Space == HeadSpace.Logit ? tape.Logit(scaled, Clip) : scaled;
        return head is null ? z : head.Apply(tape, z);
    }

    /// <summary>The map that people see.</summary>
    /// <param name="tape">records it</param>
    /// <param name="refined">what <see cref="Refine"/> gives, on any grid</param>
    /// <param name="config">the same</param>
    /// <returns>the same shape, 0 to 1</returns>
    public static Variable Seen(Tape tape, Variable refined, MapConfig config)
        => config.Space == HeadSpace.Logit ? tape.Sigmoid(refined) : Clamp(tape, refined);

    /// <summary>Resizes maps bilinearly.</summary>
    /// <param name="tape">records it</param>
    /// <param name="maps">[n,hw]</param>
    /// <param name="image">gives the grid</param>
    /// <param name="height">pixels</param>
    /// <param name="width">pixels</param>
    /// <returns>[n,height·width]</returns>
    public static Variable Resize(Tape tape, Variable maps, ImageEncoderConfig image, long height, long width)
    {
        long n = maps.Shape[0];
        var grid = tape.Reshape(maps, [n, 1, image.GridRows, image.GridColumns]);
        return tape.Reshape(tape.BilinearResize(grid, height, width), [n, height * width]);
    }

    /// <summary>min(max(x, 0), 1) as relu(x) − relu(x − 1): the gradient is 1 inside and 0 outside.</summary>
    private static Variable Clamp(Tape tape, Variable x)
    {
        var above = tape.Relu(tape.Add(x, Scalar(tape, -1, x.DType)));
        return tape.Add(tape.Relu(x), tape.Mul(above, Scalar(tape, -1, x.DType)));
    }

    /// <summary>A number as a variable that broadcasts.</summary>
    internal static Variable Scalar(Tape tape, double value, DType dtype) => tape.Constant(tape.Scalar(value, dtype));
}
