using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>FP-weighted Dice on cpu: one pass for the sums, one for the gradient, the sigmoid inside both.</summary>
/// <remarks>
/// With FP = Σ p·(1 − y), FN = Σ (1 − p)·y and TP = Σ p·y the denominator of the score is B = 2·TP + FN + w·FP + smooth, so that
/// loss = 1 − score = (FN + w·FP) / B, without the cancellation of a score near 1, and
/// dloss/dp = (w·(1 − y)·(2·TP + smooth) − y·(2·B − 2·TP − smooth)) / B².
/// </remarks>
public static unsafe class FpWeightedDiceCpu
{
    private const int Batch = 512;

    /// <summary>losses = 1 − score, row by row.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="prediction">[n, p]: probabilities or logits</param>
    /// <param name="logits">whether they are logits</param>
    /// <param name="target">[n, p]</param>
    /// <param name="falsePositiveWeight">w</param>
    /// <param name="smooth">alpha + epsilon of the paper</param>
    /// <param name="losses">[n]</param>
    /// <param name="factors">f64 [n, 2]: receives dloss/dp at y = 0 and at y = 1; between them it is linear in y</param>
    public static void Forward(
        CpuDevice cpu, Tensor prediction, bool logits, Tensor target, double falsePositiveWeight, double smooth, Tensor losses,
        Tensor factors)
    {
        if (prediction.DType == DType.F64)
        {
            Forward<double>(cpu, prediction, logits, target, falsePositiveWeight, smooth, losses, factors);
        }
        else
        {
            Forward<float>(cpu, prediction, logits, target, falsePositiveWeight, smooth, losses, factors);
        }
    }

    /// <summary>The gradient of the probabilities or logits.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="prediction">[n, p]</param>
    /// <param name="logits">whether they are logits</param>
    /// <param name="target">[n, p]</param>
    /// <param name="factors">f64 [n, 2] of forward</param>
    /// <param name="dy">gradient of the loss: [n], or one number</param>
    /// <param name="dyPerRow">dy is [n]</param>
    /// <param name="scale">what the reduction divides by, inverted</param>
    /// <param name="dprediction">[n, p]</param>
    public static void Backward(
        CpuDevice cpu, Tensor prediction, bool logits, Tensor target, Tensor factors, Tensor dy, bool dyPerRow, double scale,
        Tensor dprediction)
    {
        if (prediction.DType == DType.F64)
        {
            Backward<double>(cpu, prediction, logits, target, factors, dy, dyPerRow, scale, dprediction);
        }
        else
        {
            Backward<float>(cpu, prediction, logits, target, factors, dy, dyPerRow, scale, dprediction);
        }
    }

    private static void Forward<T>(
        CpuDevice cpu, Tensor prediction, bool logits, Tensor target, double falsePositiveWeight, double smooth, Tensor losses,
        Tensor factors)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(losses.Count, 1, (prediction, logits, target, falsePositiveWeight, smooth, losses, factors), static (in t, begin, end) =>
        {
            T* exps = stackalloc T[Batch];
            long size = t.target.Shape[1];
            for (long row = begin; row < end; row++)
            {
                // 1. sums of the row, in double over batches
                T* x = t.prediction.Data<T>() + (row * size), y = t.target.Data<T>() + (row * size);
                double tp = 0, fp = 0, fn = 0;
                for (long first = 0; first < size; first += Batch)
                {
                    long n = Math.Min(Batch, size - first);
                    if (t.logits)
                    {
                        NegativeExp(x + first, exps, n);
                    }

                    AddSums(x + first, t.logits ? exps : null, y + first, n, ref tp, ref fp, ref fn);
                }

                // 2. loss and the two factors of its gradient
                double wrong = fn + (t.falsePositiveWeight * fp), right = (2 * tp) + t.smooth, all = wrong + right;
                t.losses.Data<T>()[row] = T.CreateChecked(wrong / all);
                t.factors.Data<double>()[2 * row] = t.falsePositiveWeight * right / (all * all);
                t.factors.Data<double>()[(2 * row) + 1] = -(all + wrong) / (all * all);
            }
        });
    }

    private static void Backward<T>(
        CpuDevice cpu, Tensor prediction, bool logits, Tensor target, Tensor factors, Tensor dy, bool dyPerRow, double scale,
        Tensor dprediction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(factors.Shape[0], 1, (prediction, logits, target, factors, dy, dyPerRow, scale, dprediction), static (in t, begin, end) =>
        {
            T* exps = stackalloc T[Batch];
            long size = t.target.Shape[1];
            for (long row = begin; row < end; row++)
            {
                T* x = t.prediction.Data<T>() + (row * size), y = t.target.Data<T>() + (row * size);
                T* dx = t.dprediction.Data<T>() + (row * size);
                double* factors = t.factors.Data<double>() + (2 * row);
                double g = double.CreateChecked(t.dy.Data<T>()[t.dyPerRow ? row : 0]) * t.scale;
                T absent = T.CreateChecked(g * factors[0]), present = T.CreateChecked(g * factors[1]);
                for (long first = 0; first < size; first += Batch)
                {
                    long n = Math.Min(Batch, size - first);
                    if (t.logits)
                    {
                        NegativeExp(x + first, exps, n);
                    }

                    Gradient(t.logits ? exps : null, y + first, absent, present, dx + first, n);
                }
            }
        });
    }

    /// <summary>y = exp(−|x|), from which both σ(x) and σ(−x) follow without cancellation.</summary>
    private static void NegativeExp<T>(T* x, T* y, long n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            (-Vector.Abs(Vector.Load(x + i))).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = -T.Abs(x[i]);
        }

        Rows.Exp(y, n);
    }

    private static void AddSums<T>(T* x, T* exps, T* y, long n, ref double tp, ref double fp, ref double fn)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (vtp, vfp, vfn) = (Vector<T>.Zero, Vector<T>.Zero, Vector<T>.Zero);
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            Vector<T> p = Vector.Load(x + i), q = Vector<T>.One - p, target = Vector.Load(y + i);
            if (exps is not null)
            {
                var exp = Vector.Load(exps + i);
                var large = Vector<T>.One / (Vector<T>.One + exp);
                var negative = Vector.LessThan(p, Vector<T>.Zero);
                (p, q) = (Vector.ConditionalSelect(negative, exp * large, large), Vector.ConditionalSelect(negative, large, exp * large));
            }

            vtp += p * target;
            vfp += p * (Vector<T>.One - target);
            vfn += q * target;
        }

        T tp0 = Vector.Sum(vtp), fp0 = Vector.Sum(vfp), fn0 = Vector.Sum(vfn);
        for (; i < n; i++)
        {
            T p = x[i], q = T.One - p;
            if (exps is not null)
            {
                T large = T.One / (T.One + exps[i]), small = exps[i] * large;
                (p, q) = p < T.Zero ? (small, large) : (large, small);
            }

            tp0 += p * y[i];
            fp0 += p * (T.One - y[i]);
            fn0 += q * y[i];
        }

        tp += double.CreateChecked(tp0);
        fp += double.CreateChecked(fp0);
        fn += double.CreateChecked(fn0);
    }

    /// <summary>dx = absent·(1 − y) + present·y, times σ(x)·σ(−x) = e / (1 + e)² for logits.</summary>
    private static void Gradient<T>(T* exps, T* y, T absent, T present, T* dx, long n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (vabsent, vpresent) = (new Vector<T>(absent), new Vector<T>(present));
        long i = 0;
        for (; i <= n - Vector<T>.Count; i += Vector<T>.Count)
        {
            var target = Vector.Load(y + i);
            var dp = (vabsent * (Vector<T>.One - target)) + (vpresent * target);
            if (exps is not null)
            {
                var exp = Vector.Load(exps + i);
                var large = Vector<T>.One / (Vector<T>.One + exp);
                dp *= exp * large * large;
            }

            dp.Store(dx + i);
        }

        for (; i < n; i++)
        {
            T dp = (absent * (T.One - y[i])) + (present * y[i]);
            if (exps is not null)
            {
                T large = T.One / (T.One + exps[i]);
                dp *= exps[i] * large * large;
            }

            dx[i] = dp;
        }
    }
}
