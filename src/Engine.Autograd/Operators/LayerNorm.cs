using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>The differentiable operators, as extensions of the tape that records them.</summary>
public static partial class Ops
{
    internal static readonly OperatorInfo LayerNormInfo = new(
        "layer_norm",
        "y = (s - mean) * rstd * weight + bias over the last axis, s = x + residual",
        [new("x", "float", "[...,d]"), new("weight", "float", "[d]"), new("bias", "float", "[d]"), new("residual", "float", "[...,d]") { Optional = true }],
        [new("eps", AttributeType.Number, "1e-5")],
        ["y", "sum"],
        call =>
        {
            if (call.Optional("residual") is not { } residual)
            {
                return [call.Tape.LayerNorm(call.Input("x"), call.Input("weight"), call.Input("bias"), call.Number("eps")), null];
            }

            var (y, sum) = call.Tape.LayerNorm(call.Input("x"), residual, call.Input("weight"), call.Input("bias"), call.Number("eps"));
            return [y, sum];
        });

    /// <summary>Layer normalisation over the last axis: y = (x - mean) * rstd * weight + bias.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[..., d]</param>
    /// <param name="weight">[d]</param>
    /// <param name="bias">[d]</param>
    /// <param name="eps">added to the variance; 1e-5 is PyTorch's default</param>
    /// <returns>[..., d], dtype of <paramref name="x"/></returns>
    /// <exception cref="ShapeException">weight or bias is not [d]</exception>
    /// <remarks>Ba et al. 2016, arXiv:1607.06450, eq. 3-4, over features; biased variance, as in PyTorch.</remarks>
    public static Variable LayerNorm(this Tape tape, Variable x, Variable weight, Variable bias, double eps = 1e-5)
    {
        using var range = tape.Range("layer_norm");
        CheckLayerNorm(x, null, weight, bias, eps);
        var (y, _, mean, rstd) = LayerNormForward(tape, x, null, weight, bias, eps);
        var result = tape.Record("layer_norm", y, [x, weight, bias], [x.Value, weight.Value, mean, rstd], LayerNormBackward);
        SetRecipe(tape, result, x.Value, mean, rstd, weight, bias);
        tape.Release(mean);
        tape.Release(rstd);
        return result;
    }

    /// <summary>The same of x + residual, which is returned too: one pass instead of two.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[..., d]</param>
    /// <param name="residual">[..., d]</param>
    /// <param name="weight">[d]</param>
    /// <param name="bias">[d]</param>
    /// <param name="eps">added to the variance</param>
    /// <returns>y and x + residual, both [..., d]</returns>
    /// <exception cref="ShapeException">residual is not as x, weight or bias is not [d]</exception>
    public static (Variable Y, Variable Sum) LayerNorm(
        this Tape tape, Variable x, Variable residual, Variable weight, Variable bias, double eps = 1e-5)
    {
        using var range = tape.Range("layer_norm");
        CheckLayerNorm(x, residual, weight, bias, eps);
        var (y, sum, mean, rstd) = LayerNormForward(tape, x, residual, weight, bias, eps);
        var result = tape.Record("layer_norm", y, sum!, [x, weight, bias, residual], [sum, weight.Value, mean, rstd], LayerNormBackward);
        SetRecipe(tape, result.First, sum!, mean, rstd, weight, bias);
        tape.Release(mean);
        tape.Release(rstd);
        return result;
    }

    private static void SetRecipe(Tape tape, Variable y, Tensor s, Tensor mean, Tensor rstd, Variable weight, Variable bias)
    {
        if (y.RequiresGrad && tape.Device is CpuDevice && !tape.Skimming)
        {
            y.Recipe = new Recipe(s, mean, rstd, weight.Value, bias.Value);
        }
    }

    private static void CheckLayerNorm(Variable x, Variable? residual, Variable weight, Variable bias, double eps)
    {
        Check.Range("layer_norm", "eps", eps >= 0, "at least 0", eps);
        Check.Floating("layer_norm", "x", x);
        long d = Check.LastAxis("layer_norm", "x", x);
        Check.SameDType("layer_norm", "weight", weight, "x", x);
        Check.SameDType("layer_norm", "bias", bias, "x", x);
        Check.Shape("layer_norm", "weight", weight, [d], "the last axis of x", x);
        Check.Shape("layer_norm", "bias", bias, [d], "the last axis of x", x);
        if (residual is not null)
        {
            Check.SameDType("layer_norm", "residual", residual, "x", x);
            Check.Shape("layer_norm", "residual", residual, x.Shape, "the shape of x");
        }
    }

    private static (Tensor Y, Tensor? Sum, Tensor Mean, Tensor Rstd) LayerNormForward(
        Tape tape, Variable x, Variable? residual, Variable weight, Variable bias, double eps)
    {
        Shape rows = [x.Shape.Fold(0, x.Shape.Rank - 1)];
        var y = tape.Empty(x.Shape, x.DType);
        var sum = residual is null ? null : tape.Empty(x.Shape, x.DType);
        var (mean, rstd) = (tape.Empty(rows, x.DType.Accumulator()), tape.Empty(rows, x.DType.Accumulator()));
        if (tape.Device is CudaDevice gpu)
        {
            LayerNormCuda.Forward(gpu, x.Value, residual?.Value, weight.Value, bias.Value, eps, y, sum, mean, rstd);
        }
        else
        {
            LayerNormCpu.Forward(tape.Cpu, x.Value, residual?.Value, weight.Value, bias.Value, eps, y, sum, mean, rstd);
        }

        return (y, sum, mean, rstd);
    }

    private static void LayerNormBackward(Tape tape, Node node)
    {
        var (s, weight, mean, rstd) = (node.Saved(0), node.Saved(1), node.Saved(2), node.Saved(3));
        bool residual = node.InputCount == 4;
        bool needsX = node.Needs(0) || (residual && node.Needs(3));
        bool needsParts = node.Needs(1) || node.Needs(2);
        var ds = needsX ? tape.Empty(s.Shape, s.DType) : null;
        var dweight = node.Needs(1) ? tape.BeginGrad(node.Input(1)!) : null;
        var dbias = node.Needs(2) ? tape.BeginGrad(node.Input(2)!) : null;
        var (dy, dsum) = (node.OutputGrad(), residual ? node.OutputGrad(1) : null);
        var gpu = tape.Device as CudaDevice;
        long count = gpu is null ? LayerNormCpu.Parts(mean.Count) : LayerNormCuda.Parts(mean.Count);
        var parts = needsParts ? tape.Empty([2, count, weight.Count], s.DType.Accumulator()) : null;
        if (gpu is not null)
        {
            LayerNormCuda.Backward(gpu, s, weight, mean, rstd, dy, dsum, ds, dweight, dbias, parts);
        }
        else
        {
            if (dy is null)
            {
                parts?.Clear();
            }

            LayerNormCpu.Backward(tape.Cpu, s, weight, mean, rstd, dy, dsum, ds, dweight, dbias, parts);
        }

        tape.Release(parts);
        if (ds is not null)
        {
            if (residual && node.Needs(3))
            {
                tape.ShareGrad(node.Input(3)!, ds);
            }

            if (node.Needs(0))
            {
                tape.ShareGrad(node.Input(0)!, ds);
            }

            tape.Release(ds);
        }

        if (dweight is not null)
        {
            tape.EndGrad(node.Input(1)!, dweight);
        }

        if (dbias is not null)
        {
            tape.EndGrad(node.Input(2)!, dbias);
        }
    }
}
