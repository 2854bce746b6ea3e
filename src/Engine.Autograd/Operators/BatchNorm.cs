using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd;

public static partial class Ops
{
    internal static readonly OperatorInfo BatchNormInfo = new(
        "batch_norm",
        "y = (x - mean) / √(var + eps) * weight + bias for each channel, mean and var the running ones, which are constants; in training those of "
        + "the batch (var biased), and the outputs are also running = (1 - momentum) · running + momentum · batch's (var unbiased)",
        [
            new("x", "float", "[b,c,...]"),
            new("running_mean", "float", "[c]") { Differentiable = false },
            new("running_var", "float", "[c]") { Differentiable = false },
            new("weight", "float", "[c]") { Optional = true },
            new("bias", "float", "[c]") { Optional = true },
        ],
        [
            new("training", AttributeType.Bool, "false"),
            new("momentum", AttributeType.Number, "0.1"),
            new("eps", AttributeType.Number, "1e-5"),
        ],
        ["y", "running_mean", "running_var"],
        RunBatchNorm)
    {
        ConstantOutputs = ["running_mean", "running_var"],
    };

    /// <summary>Batch normalisation: y = (x - mean) · rstd · weight + bias for each channel.</summary>
    /// <param name="tape">records it</param>
    /// <param name="x">[b, c, ...]</param>
    /// <param name="weight">[c] or null: ones</param>
    /// <param name="bias">[c] or null: zeros</param>
    /// <param name="runningMean">[c] in the accumulator's dtype of x (f64 for f64, else f32), on the tape's device</param>
    /// <param name="runningVar">[c], likewise</param>
    /// <param name="training">
    /// true: mean and variance are the batch's, and the running averages are updated in place, runningVar by the unbiased variance, as
    /// in PyTorch. false: they are the running ones, constants to which no gradient flows
    /// </param>
    /// <param name="momentum">share of the batch in the running averages, 0 to 1</param>
    /// <param name="eps">added to the variance</param>
    /// <returns>shape and dtype of <paramref name="x"/></returns>
    /// <exception cref="ShapeException">x has less than two axes, a vector is not [c], or training has one value a channel</exception>
    /// <remarks>Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2. An empty batch leaves the running averages alone.</remarks>
    public static Variable BatchNorm(
        this Tape tape,
        Variable x,
        Variable? weight,
        Variable? bias,
        Tensor runningMean,
        Tensor runningVar,
        bool training = false,
        double momentum = 0.1,
        double eps = 1e-5)
    {
        using var range = tape.Range("batch_norm");
        CheckBatchNorm(x, weight, bias, runningMean, runningVar, training, momentum, eps);
        long channels = x.Shape[1];
        Shape flat = [x.Shape[0], channels, x.Shape.Fold(2, x.Shape.Rank)];
        var accumulator = x.DType.Accumulator();
        var (mean, rstd) = (tape.Empty([channels], accumulator), tape.Empty([channels], accumulator));
        var y = tape.Empty(x.Shape, x.DType);
        var (from, to) = (tape.View(x.Value, flat), tape.View(y, flat));
        bool batch = training && x.Value.Count > 0;
        if (tape.Device is CudaDevice gpu)
        {
            var parts = batch ? tape.Empty([channels, BatchNormCuda.Parts(from), 2], accumulator) : null;
            if (parts is not null)
            {
                BatchNormCuda.Statistics(gpu, from, eps, momentum, runningMean, runningVar, mean, rstd, parts);
            }
            else
            {
                BatchNormCuda.FromRunning(gpu, from, runningMean, runningVar, eps, mean, rstd);
            }

            BatchNormCuda.Forward(gpu, from, weight?.Value, bias?.Value, mean, rstd, to);
            tape.Release(parts);
        }
        else
        {
            if (batch)
            {
                BatchNormCpu.Statistics(tape.Cpu, from, eps, momentum, runningMean, runningVar, mean, rstd);
            }
            else
            {
                BatchNormCpu.FromRunning(runningMean, runningVar, eps, mean, rstd);
            }

            BatchNormCpu.Forward(tape.Cpu, from, weight?.Value, bias?.Value, mean, rstd, to);
        }

        bool readsX = weight is { RequiresGrad: true } || (batch && x.RequiresGrad);
        var result = tape.Record(
            "batch_norm",
            y,
            [x, weight, bias],
            [readsX ? from : null, x.RequiresGrad ? weight?.Value : null, mean, rstd],
            BatchNormBackward,
            integers: [batch ? 1 : 0]);
        ReleaseAll(tape, mean, rstd, from, to);
        return result;
    }

    private static void CheckBatchNorm(
        Variable x, Variable? weight, Variable? bias, Tensor runningMean, Tensor runningVar, bool training, double momentum, double eps)
    {
        const string op = "batch_norm";
        Check.Range(op, "eps", eps >= 0, "at least 0", eps);
        Check.Range(op, "momentum", momentum is >= 0 and <= 1, "from 0 to 1", momentum);
        Check.Floating(op, "x", x);
        if (x.Shape.Rank < 2)
        {
            throw new ShapeException($"{op}: x must be [b,c,...], found {x.Shape}");
        }

        Shape vector = [x.Shape[1]];
        if (weight is not null)
        {
            Check.SameDType(op, "weight", weight, "x", x);
            Check.Shape(op, "weight", weight, vector, "the channels of x", x);
        }

        if (bias is not null)
        {
            Check.SameDType(op, "bias", bias, "x", x);
            Check.Shape(op, "bias", bias, vector, "the channels of x", x);
        }

        CheckRunning(x, "running_mean", runningMean);
        CheckRunning(x, "running_var", runningVar);
        if (training && x.Value.Count == x.Shape[1] && x.Value.Count > 0)
        {
            throw new ShapeException($"{op}: training needs more than one value for each channel, found x {x.Shape}");
        }
    }

    private static void CheckRunning(Variable x, string name, Tensor running)
    {
        if (running.DType != x.DType.Accumulator())
        {
            throw new DTypeException($"batch_norm: {name} must be {x.DType.Accumulator().Label()} where x is {x.DType.Label()}, found {running.DType.Label()}");
        }

        if (running.Shape.Rank != 1 || running.Shape[0] != x.Shape[1])
        {
            throw new ShapeException($"batch_norm: {name} must be [{x.Shape[1]}] (the channels of x {x.Shape}), found {running.Shape}");
        }

        if (!ReferenceEquals(running.Space, x.Value.Space))
        {
            throw new DwarfException(ErrorKind.Internal, $"batch_norm: {name} must lie on the device of x");
        }
    }

    private static void BatchNormBackward(Tape tape, Node node)
    {
        var (x, weight, mean, rstd) = (node.SavedOrNull(0), node.SavedOrNull(1), node.Saved(2), node.Saved(3));
        bool throughStatistics = node.Integer(0) == 1;
        var dy = node.OutputGrad()!;
        long channels = mean.Count;
        var from = tape.View(dy, [dy.Shape[0], channels, dy.Shape.Fold(2, dy.Shape.Rank)]);
        bool needsSums = node.Needs(1) || node.Needs(2) || (throughStatistics && node.Needs(0));
        var sums = needsSums ? tape.Empty([2, channels], dy.DType.Accumulator()) : null;
        if (sums is not null)
        {
            var dweight = node.Needs(1) ? tape.BeginGrad(node.Input(1)!) : null;
            var dbias = node.Needs(2) ? tape.BeginGrad(node.Input(2)!) : null;
            BatchNormSums(tape, x, mean, rstd, from, sums, dweight, dbias);
            if (dweight is not null)
            {
                tape.EndGrad(node.Input(1)!, dweight);
            }

            if (dbias is not null)
            {
                tape.EndGrad(node.Input(2)!, dbias);
            }
        }

        if (node.Needs(0))
        {
            var dx = tape.BeginGrad(node.Input(0)!);
            var (to, through) = (tape.View(dx, from.Shape), throughStatistics ? sums : null);
            if (tape.Device is CudaDevice gpu)
            {
                BatchNormCuda.BackwardX(gpu, x, weight, mean, rstd, from, through, to);
            }
            else
            {
                BatchNormCpu.BackwardX(tape.Cpu, x, weight, mean, rstd, from, through, to);
            }

            tape.Release(to);
            tape.EndGrad(node.Input(0)!, dx);
        }

        tape.Release(from);
        tape.Release(sums);
    }

    private static void BatchNormSums(
        Tape tape, Tensor? x, Tensor mean, Tensor rstd, Tensor dy, Tensor sums, Tensor? dweight, Tensor? dbias)
    {
        if (tape.Device is CudaDevice gpu)
        {
            var parts = tape.Empty([mean.Count, BatchNormCuda.Parts(dy), 2], sums.DType);
            BatchNormCuda.BackwardSums(gpu, x, mean, rstd, dy, sums, dweight, dbias, parts);
            tape.Release(parts);
        }
        else
        {
            BatchNormCpu.BackwardSums(tape.Cpu, x, mean, rstd, dy, sums, dweight, dbias);
        }
    }

    /// <summary>By name the running averages are inputs like others: copies are updated, and given back in training.</summary>
    private static Variable?[] RunBatchNorm(OperatorCall call)
    {
        var x = call.Input("x");
        Check.Floating("batch_norm", "x", x);
        var mean = Running(call, "running_mean", x);
        var variance = Running(call, "running_var", x);
        bool training = call.Bool("training");
        var y = call.Tape.BatchNorm(
            x, call.Optional("weight"), call.Optional("bias"), mean, variance, training, call.Number("momentum"), call.Number("eps"));
        return [y, training ? Given(call.Tape, mean, x.DType) : null, training ? Given(call.Tape, variance, x.DType) : null];
    }

    private static Tensor Running(OperatorCall call, string name, Variable x)
    {
        var input = call.Input(name);
        Check.SameDType("batch_norm", name, input, "x", x);
        var copy = call.Tape.Empty(input.Shape, x.DType.Accumulator());
        copy.CopyFrom(input.DType == copy.DType ? input.Value : input.Value.CopyTo(null).To(copy.DType));
        return copy;
    }

    private static Variable Given(Tape tape, Tensor running, DType dtype) =>
        tape.Constant(running.DType == dtype ? running : running.CopyTo(null).To(dtype));
}
