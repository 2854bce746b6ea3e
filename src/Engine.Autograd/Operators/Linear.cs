using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo LinearInfo = new(
        "linear",
        "y = activation(x weightᵀ + bias)",
        [new("x", "float", "[...,in]"), new("weight", "float", "[out,in]"), new("bias", "float", "[out]") { Optional = true }],
        [new("activation", AttributeType.Choice, "none", "none", "gelu", "relu")],
        ["y"],
        call => [call.Tape.Linear(call.Input("x"), call.Input("weight"), call.Optional("bias"), call.Choice("activation") switch
        {
            "gelu" => GemmActivation.Gelu,
            "relu" => GemmActivation.Relu,
            _ => GemmActivation.None,
        })]);

    /// <summary>Fully connected layer: y = activation(x·weightᵀ + bias), bias and activation fused into the product.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[..., in]</param>
    /// <param name="weight">[out, in]</param>
    /// <param name="bias">[out] or null</param>
    /// <param name="activation">none, exact GELU or ReLU (its gradient at 0 is 0)</param>
    /// <returns>[..., out], dtype of <paramref name="x"/></returns>
    /// <exception cref="ShapeException">weight is not [out, in], bias is not [out]</exception>
    /// <remarks>GELU: Hendrycks and Gimpel 2016, arXiv:1606.08415.</remarks>
    public static Variable Linear(this Tape tape, Variable x, Variable weight, Variable? bias, GemmActivation activation = GemmActivation.None)
    {
        using var range = tape.Range("linear");
        Check.Floating("linear", "x", x);
        long inputs = Check.LastAxis("linear", "x", x);
        Check.SameDType("linear", "weight", weight, "x", x);
        Check.Rank("linear", "weight", weight, 2, "[out,in]");
        Check.Shape("linear", "weight", weight, [weight.Shape[0], inputs], "in is the last axis of x", x);
        if (bias is not null)
        {
            Check.SameDType("linear", "bias", bias, "x", x);
            Check.Shape("linear", "bias", bias, [weight.Shape[0]], "out is the first axis of weight", weight);
        }

        var y = tape.Empty(x.Shape.With(-1, weight.Shape[0]), x.DType);
        bool saves = activation == GemmActivation.Gelu && tape.WillRecord(x, weight, bias);
        var pre = saves ? tape.Empty(y.Shape, y.DType) : null;
        var gpu = tape.Device as CudaDevice;
        if (gpu is not null)
        {
            LinearCuda.Forward(gpu, x.Value, weight.Value, bias?.Value, activation, y, pre);
        }
        else
        {
            LinearCpu.Forward(tape.Cpu, x.Value, weight.Value, bias?.Value, activation, y, pre);
        }

        // A value that backward can make again is not saved; x is the output of a layer norm or of GELU nearly everywhere.
        var recipe = weight.RequiresGrad ? x.Recipe : default;

        // ReLU's mask can be read off y. x and weight are saved only where the other's gradient asks for them. On cuda GELU saves the
        // product alone, which costs no pass of its own, and backward adds the bias again.
        var result = tape.Record(
            "linear",
            y,
            [x, weight, bias],
            [
                weight.RequiresGrad && !recipe.Exists ? x.Value : null, x.RequiresGrad ? weight.Value : null,
                activation == GemmActivation.Relu ? y : pre, gpu is not null && saves ? bias?.Value : null,
                recipe.Source, recipe.Mean, recipe.Rstd, recipe.Weight, recipe.Bias,
            ],
            LinearBackward,
            integers: [(long)activation]);
        if (saves && gpu is null && !tape.Skimming)
        {
            result.Recipe = new Recipe(pre!);
        }

        tape.Release(pre);
        return result;
    }

    private const int FirstOfRecipe = 4;

    private static void LinearBackward(Tape tape, Node node)
    {
        var activation = (GemmActivation)node.Integer(0);
        var dy = node.OutputGrad()!;
        var dbias = node.Needs(2) ? tape.BeginGrad(node.Input(2)!) : null;
        var dpre = activation == GemmActivation.None ? null : tape.Empty(dy.Shape, dy.DType);
        long rows = dy.Shape.Fold(0, dy.Shape.Rank - 1);
        Tensor? parts = null;
        var gpu = tape.Device as CudaDevice;
        if (gpu is not null)
        {
            long count = LinearCuda.Parts(rows);
            parts = dbias is null || count == 1 ? null : tape.Empty([count, dy.Shape[-1]], dy.DType.Accumulator());
            LinearCuda.BackwardActivation(gpu, activation, node.SavedOrNull(2), node.SavedOrNull(3), dy, dpre, dbias, parts);
        }
        else
        {
            parts = dbias is null ? null : tape.Empty([1, LinearCpu.Parts(rows), dy.Shape[-1]], dy.DType);
            LinearCpu.BackwardActivation(tape.Cpu, activation, node.SavedOrNull(2), dy, dpre, dbias, parts);
        }

        tape.Release(parts);
        if (dbias is not null)
        {
            tape.EndGrad(node.Input(2)!, dbias);
        }

        var product = dpre ?? dy;
        if (node.Needs(0))
        {
            var dx = tape.BeginGrad(node.Input(0)!);
            if (gpu is not null)
            {
                LinearCuda.BackwardX(gpu, node.Saved(1), product, dx);
            }
            else
            {
                LinearCpu.BackwardX(tape.Cpu, node.Saved(1), product, dx);
            }

            tape.EndGrad(node.Input(0)!, dx);
        }

        if (node.Needs(1))
        {
            var dweight = tape.BeginGrad(node.Input(1)!);
            var again = node.SavedOrNull(FirstOfRecipe) is null ? null : Recipe.Again(tape, node, FirstOfRecipe);
            if (gpu is not null)
            {
                LinearCuda.BackwardWeight(gpu, node.Saved(0), product, dweight);
            }
            else
            {
                LinearCpu.BackwardWeight(tape.Cpu, again ?? node.Saved(0), product, dweight);
            }

            tape.Release(again);

            tape.EndGrad(node.Input(1)!, dweight);
        }

        tape.Release(dpre);
    }
}
