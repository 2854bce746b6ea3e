using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Batch normalisation on cpu: sums of a channel image by image, then one pass over the planes.</summary>
/// <remarks>Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2; the variance is taken about the mean, since E[x²] - E[x]² cancels.</remarks>
public static unsafe class BatchNormCpu
{
    private const long ElementsPerChunk = 1 << 14;

    /// <summary>Mean and 1 / √(variance + eps) of each channel, and the running averages a step further.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[b, c, n], b·n at least 2</param>
    /// <param name="eps">added to the biased variance</param>
    /// <param name="momentum">share of this batch in the running averages</param>
    /// <param name="runningMean">[c], updated</param>
    /// <param name="runningVar">[c], updated by the unbiased variance, as in PyTorch</param>
    /// <param name="mean">[c]</param>
    /// <param name="rstd">[c]</param>
    public static void Statistics(
        CpuDevice cpu, Tensor x, double eps, double momentum, Tensor runningMean, Tensor runningVar, Tensor mean, Tensor rstd)
    {
        if (x.DType == DType.F64)
        {
            Statistics<double>(cpu, x, eps, momentum, runningMean, runningVar, mean, rstd);
        }
        else
        {
            Statistics<float>(cpu, x, eps, momentum, runningMean, runningVar, mean, rstd);
        }
    }

    /// <summary>The same two from running averages, which stay as they are.</summary>
    /// <param name="runningMean">[c]</param>
    /// <param name="runningVar">[c]</param>
    /// <param name="eps">added to the variance</param>
    /// <param name="mean">[c]</param>
    /// <param name="rstd">[c]</param>
    public static void FromRunning(Tensor runningMean, Tensor runningVar, double eps, Tensor mean, Tensor rstd)
    {
        if (mean.DType == DType.F64)
        {
            FromRunning<double>(runningMean, runningVar, eps, mean, rstd);
        }
        else
        {
            FromRunning<float>(runningMean, runningVar, eps, mean, rstd);
        }
    }

    /// <summary>y = (x - mean) · rstd · weight + bias.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[b, c, n]</param>
    /// <param name="weight">[c] or null: ones</param>
    /// <param name="bias">[c] or null: zeros</param>
    /// <param name="mean">[c]</param>
    /// <param name="rstd">[c]</param>
    /// <param name="y">[b, c, n]</param>
    public static void Forward(CpuDevice cpu, Tensor x, Tensor? weight, Tensor? bias, Tensor mean, Tensor rstd, Tensor y)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, x, weight, bias, mean, rstd, y);
        }
        else
        {
            Forward<float>(cpu, x, weight, bias, mean, rstd, y);
        }
    }

    /// <summary>Sums of each channel: of dy · (x - mean) · rstd, and of dy; also as the gradients of weight and bias.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[b, c, n]; null: only the sums of dy</param>
    /// <param name="mean">[c]</param>
    /// <param name="rstd">[c]</param>
    /// <param name="dy">[b, c, n]</param>
    /// <param name="sums">[2, c]: receives both; the first is zero without x</param>
    /// <param name="dweight">[c] or null: not wanted</param>
    /// <param name="dbias">[c] or null: not wanted</param>
    public static void BackwardSums(CpuDevice cpu, Tensor? x, Tensor mean, Tensor rstd, Tensor dy, Tensor sums, Tensor? dweight, Tensor? dbias)
    {
        if (dy.DType == DType.F64)
        {
            BackwardSums<double>(cpu, x, mean, rstd, dy, sums, dweight, dbias);
        }
        else
        {
            BackwardSums<float>(cpu, x, mean, rstd, dy, sums, dweight, dbias);
        }
    }

    /// <summary>dx, through the statistics where x and sums are given; without them mean and rstd are constants.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">[b, c, n] or null</param>
    /// <param name="weight">[c] or null: ones</param>
    /// <param name="mean">[c]</param>
    /// <param name="rstd">[c]</param>
    /// <param name="dy">[b, c, n]</param>
    /// <param name="sums">[2, c] of <see cref="BackwardSums"/>, or null</param>
    /// <param name="dx">[b, c, n]</param>
    public static void BackwardX(CpuDevice cpu, Tensor? x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor? sums, Tensor dx)
    {
        if (dx.DType == DType.F64)
        {
            BackwardX<double>(cpu, x, weight, mean, rstd, dy, sums, dx);
        }
        else
        {
            BackwardX<float>(cpu, x, weight, mean, rstd, dy, sums, dx);
        }
    }

    private static void Statistics<T>(
        CpuDevice cpu, Tensor x, double eps, double momentum, Tensor runningMean, Tensor runningVar, Tensor mean, Tensor rstd)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(mean.Count, ChannelGrain(x), (x, eps, momentum, runningMean, runningVar, mean, rstd), static (in t, begin, end) =>
        {
            long images = t.x.Shape[0], channels = t.x.Shape[1], n = t.x.Shape[2];
            T count = T.CreateChecked(images * n), momentum = T.CreateChecked(t.momentum);
            for (long channel = begin; channel < end; channel++)
            {
                // 1. a first mean
                T* x = t.x.Data<T>() + (channel * n);
                T first = T.Zero;
                for (long image = 0; image < images; image++)
                {
                    first += Rows.Sum(x + (image * channels * n), n);
                }

                first /= count;

                // 2. variance about it, and what its rounding left
                T rest = T.Zero, squares = T.Zero;
                for (long image = 0; image < images; image++)
                {
                    var (sum, square) = SumsAbout(x + (image * channels * n), first, n);
                    rest += sum;
                    squares += square;
                }

                rest /= count;
                T mean = first + rest, sumOfSquares = T.Max(T.Zero, squares - (rest * rest * count));

                // 3. running averages
                t.mean.Data<T>()[channel] = mean;
                t.rstd.Data<T>()[channel] = T.One / T.Sqrt((sumOfSquares / count) + T.CreateChecked(t.eps));
                T* runningMean = t.runningMean.Data<T>() + channel, runningVar = t.runningVar.Data<T>() + channel;
                *runningMean = ((T.One - momentum) * *runningMean) + (momentum * mean);
                *runningVar = ((T.One - momentum) * *runningVar) + (momentum * (sumOfSquares / (count - T.One)));
            }
        });
    }

    private static void FromRunning<T>(Tensor runningMean, Tensor runningVar, double eps, Tensor mean, Tensor rstd)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (long channel = 0; channel < mean.Count; channel++)
        {
            mean.Data<T>()[channel] = runningMean.Data<T>()[channel];
            rstd.Data<T>()[channel] = T.One / T.Sqrt(runningVar.Data<T>()[channel] + T.CreateChecked(eps));
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor x, Tensor? weight, Tensor? bias, Tensor mean, Tensor rstd, Tensor y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(x.Shape[0] * x.Shape[1], PlaneGrain(x), (x, weight, bias, mean, rstd, y), static (in t, begin, end) =>
        {
            long channels = t.x.Shape[1], n = t.x.Shape[2];
            for (long plane = begin; plane < end; plane++)
            {
                long channel = plane % channels;
                T mean = t.mean.Data<T>()[channel], scale = Scale<T>(t.weight, t.rstd, channel);
                T shift = t.bias is null ? T.Zero : t.bias.Data<T>()[channel];
                T* x = t.x.Data<T>() + (plane * n), y = t.y.Data<T>() + (plane * n);
                var (vmean, vscale, vshift) = (new Vector<T>(mean), new Vector<T>(scale), new Vector<T>(shift));
                long i = 0;
                for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
                {
                    (((Vector.Load(x + i) - vmean) * vscale) + vshift).Store(y + i);
                }

                for (; i < n; i++)
                {
                    y[i] = ((x[i] - mean) * scale) + shift;
                }
            }
        });
    }

    private static void BackwardSums<T>(
        CpuDevice cpu, Tensor? x, Tensor mean, Tensor rstd, Tensor dy, Tensor sums, Tensor? dweight, Tensor? dbias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(mean.Count, ChannelGrain(dy), (x, mean, rstd, dy, sums), static (in t, begin, end) =>
        {
            long images = t.dy.Shape[0], channels = t.dy.Shape[1], n = t.dy.Shape[2];
            for (long channel = begin; channel < end; channel++)
            {
                T products = T.Zero, sum = T.Zero, mean = t.mean.Data<T>()[channel];
                for (long image = 0; image < images; image++)
                {
                    long offset = ((image * channels) + channel) * n;
                    products += t.x is null ? T.Zero : DotAbout(t.x.Data<T>() + offset, mean, t.dy.Data<T>() + offset, n);
                    sum += Rows.Sum(t.dy.Data<T>() + offset, n);
                }

                t.sums.Data<T>()[channel] = products * t.rstd.Data<T>()[channel];
                t.sums.Data<T>()[channels + channel] = sum;
            }
        });
        if (dweight is not null)
        {
            Rows.CopyOrClear(sums.Data<T>(), dweight.Data<T>(), dweight.Count);
        }

        if (dbias is not null)
        {
            Rows.CopyOrClear(sums.Data<T>() + dbias.Count, dbias.Data<T>(), dbias.Count);
        }
    }

    private static void BackwardX<T>(CpuDevice cpu, Tensor? x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor? sums, Tensor dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(dx.Shape[0] * dx.Shape[1], PlaneGrain(dx), (x, weight, mean, rstd, dy, sums, dx), static (in t, begin, end) =>
        {
            long channels = t.dx.Shape[1], n = t.dx.Shape[2];
            T count = T.CreateChecked(t.dx.Shape[0] * n);
            for (long plane = begin; plane < end; plane++)
            {
                long channel = plane % channels;
                T scale = Scale<T>(t.weight, t.rstd, channel);
                T* dy = t.dy.Data<T>() + (plane * n), dx = t.dx.Data<T>() + (plane * n);
                if (t.sums is null || t.x is null)
                {
                    Rows.Scale(dy, scale, dx, n);
                    continue;
                }

                // dx = scale · (dy - mean(dy) - x̂ · mean(dy · x̂)), x̂ = (x - mean) · rstd
                T* x = t.x.Data<T>() + (plane * n), sums = t.sums.Data<T>();
                T mean = t.mean.Data<T>()[channel], slope = sums[channel] / count * t.rstd.Data<T>()[channel], level = sums[channels + channel] / count;
                var (vscale, vmean, vslope, vlevel) = (new Vector<T>(scale), new Vector<T>(mean), new Vector<T>(slope), new Vector<T>(level));
                long i = 0;
                for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
                {
                    (vscale * (Vector.Load(dy + i) - vlevel - ((Vector.Load(x + i) - vmean) * vslope))).Store(dx + i);
                }

                for (; i < n; i++)
                {
                    dx[i] = scale * (dy[i] - level - ((x[i] - mean) * slope));
                }
            }
        });
    }

    private static T Scale<T>(Tensor? weight, Tensor rstd, long channel)
        where T : unmanaged, INumber<T>
        => weight is null ? rstd.Data<T>()[channel] : rstd.Data<T>()[channel] * weight.Data<T>()[channel];

    private static long ChannelGrain(Tensor x) => Math.Max(1, ElementsPerChunk / Math.Max(1, x.Shape[0] * x.Shape[2]));

    private static long PlaneGrain(Tensor x) => Math.Max(1, ElementsPerChunk / Math.Max(1, x.Shape[2]));

    /// <summary>Sums of x - center and of its square.</summary>
    private static (T Sum, T Squares) SumsAbout<T>(T* x, T center, long n)
        where T : unmanaged, INumber<T>
    {
        var (vcenter, vsum, vsquares) = (new Vector<T>(center), Vector<T>.Zero, Vector<T>.Zero);
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            var d = Vector.Load(x + i) - vcenter;
            vsum += d;
            vsquares += d * d;
        }

        T sum = Vector.Sum(vsum), squares = Vector.Sum(vsquares);
        for (; i < n; i++)
        {
            T d = x[i] - center;
            sum += d;
            squares += d * d;
        }

        return (sum, squares);
    }

    /// <summary>Sum of (x - center) · y.</summary>
    private static T DotAbout<T>(T* x, T center, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        var (vcenter, vsum) = (new Vector<T>(center), Vector<T>.Zero);
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            vsum += (Vector.Load(x + i) - vcenter) * Vector.Load(y + i);
        }

        T sum = Vector.Sum(vsum);
        for (; i < n; i++)
        {
            sum += (x[i] - center) * y[i];
        }

        return sum;
    }
}
