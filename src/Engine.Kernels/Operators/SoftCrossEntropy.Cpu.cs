using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Cross-entropy against target distributions on cpu. The matrices are small (a batch by its texts), so one thread does it in double.</summary>
public static unsafe class SoftCrossEntropyCpu
{
    /// <summary>Loss and softmax.</summary>
    /// <param name="logits">[n,c]</param>
    /// <param name="target">[n,c], at least 0; a row of zeros does not count</param>
    /// <param name="softmax">[n,c], written</param>
    /// <param name="loss">one element: mean over the rows that count, 0 where none does</param>
    public static void Forward(Tensor logits, Tensor target, Tensor softmax, Tensor loss)
    {
        if (logits.DType == DType.F64)
        {
            *loss.Data<double>() = Forward<double>(logits, target, softmax);
        }
        else
        {
            *loss.Data<float>() = (float)Forward<float>(logits, target, softmax);
        }
    }

    /// <summary>Gradient of the logits: dloss / rows · (Σtarget · softmax - target).</summary>
    /// <param name="softmax">[n,c]</param>
    /// <param name="target">[n,c]</param>
    /// <param name="dloss">one element</param>
    /// <param name="dlogits">[n,c], written</param>
    public static void Backward(Tensor softmax, Tensor target, Tensor dloss, Tensor dlogits)
    {
        if (softmax.DType == DType.F64)
        {
            Backward<double>(softmax, target, dloss, dlogits);
        }
        else
        {
            Backward<float>(softmax, target, dloss, dlogits);
        }
    }

    private static double Forward<T>(Tensor logits, Tensor target, Tensor softmax)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long n = logits.Shape[0], c = logits.Shape[1];
        double total = 0;
        for (long row = 0; row < n; row++)
        {
            T* x = logits.Data<T>() + (row * c);
            T* t = target.Data<T>() + (row * c);
            T* p = softmax.Data<T>() + (row * c);

            // 1. softmax, stable by the row's maximum
            double max = double.NegativeInfinity, sum = 0;
            for (long k = 0; k < c; k++)
            {
                max = Math.Max(max, double.CreateChecked(x[k]));
            }

            for (long k = 0; k < c; k++)
            {
                sum += Math.Exp(double.CreateChecked(x[k]) - max);
            }

            // 2. the row's loss: Σ target · (log-sum-exp - logit)
            double lse = max + Math.Log(sum);
            for (long k = 0; k < c; k++)
            {
                p[k] = T.CreateChecked(Math.Exp(double.CreateChecked(x[k]) - lse));
                total += double.CreateChecked(t[k]) * (lse - double.CreateChecked(x[k]));
            }
        }

        return total / Math.Max(1, Counting<T>(target));
    }

    private static void Backward<T>(Tensor softmax, Tensor target, Tensor dloss, Tensor dlogits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long n = softmax.Shape[0], c = softmax.Shape[1];
        double scale = double.CreateChecked(*dloss.Data<T>()) / Math.Max(1, Counting<T>(target));
        for (long row = 0; row < n; row++)
        {
            T* t = target.Data<T>() + (row * c);
            T* p = softmax.Data<T>() + (row * c);
            T* dx = dlogits.Data<T>() + (row * c);
            double mass = Mass(t, c);
            for (long k = 0; k < c; k++)
            {
                dx[k] = T.CreateChecked(scale * ((mass * double.CreateChecked(p[k])) - double.CreateChecked(t[k])));
            }
        }
    }

    private static long Counting<T>(Tensor target)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long rows = 0, c = target.Shape[1];
        for (long row = 0; row < target.Shape[0]; row++)
        {
            rows += Mass(target.Data<T>() + (row * c), c) > 0 ? 1 : 0;
        }

        return rows;
    }

    private static double Mass<T>(T* target, long c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = 0;
        for (long k = 0; k < c; k++)
        {
            sum += double.CreateChecked(target[k]);
        }

        return sum;
    }
}
