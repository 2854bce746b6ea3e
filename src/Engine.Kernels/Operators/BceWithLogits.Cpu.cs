using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Binary cross-entropy on logits on cpu, each element in double: no logit is too large for it.</summary>
public static unsafe class BceWithLogitsCpu
{
    private const long Grain = 4096;

    /// <summary>losses = max(x, 0) − x·y + log(1 + exp(−|x|)).</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="logits">x, any shape</param>
    /// <param name="target">y, as logits, usually 0 to 1</param>
    /// <param name="losses">as logits</param>
    public static void Forward(CpuDevice cpu, Tensor logits, Tensor target, Tensor losses)
    {
        if (logits.DType == DType.F64)
        {
            Forward<double>(cpu, logits, target, losses);
        }
        else
        {
            Forward<float>(cpu, logits, target, losses);
        }
    }

    /// <summary>dlogits = dy · scale · (σ(x) − y).</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="logits">x</param>
    /// <param name="target">y</param>
    /// <param name="dy">gradient of the loss: as logits, or one number</param>
    /// <param name="dyPerElement">dy is as logits</param>
    /// <param name="scale">what the reduction divides by, inverted</param>
    /// <param name="dlogits">as logits</param>
    public static void Backward(CpuDevice cpu, Tensor logits, Tensor target, Tensor dy, bool dyPerElement, double scale, Tensor dlogits)
    {
        if (logits.DType == DType.F64)
        {
            Backward<double>(cpu, logits, target, dy, dyPerElement, scale, dlogits);
        }
        else
        {
            Backward<float>(cpu, logits, target, dy, dyPerElement, scale, dlogits);
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor logits, Tensor target, Tensor losses)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(logits.Count, Grain, (logits, target, losses), static (in t, begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                double x = double.CreateChecked(t.logits.Data<T>()[i]), y = double.CreateChecked(t.target.Data<T>()[i]);

                // x·(1 − y) above 0 and −x·y below it, so that a target of 0 or 1 cancels nothing.
                double linear = x > 0 ? x * (1 - y) : -x * y;
                t.losses.Data<T>()[i] = T.CreateChecked(linear + Scalars.LogOnePlus(Math.Exp(-Math.Abs(x))));
            }
        });
    }

    private static void Backward<T>(CpuDevice cpu, Tensor logits, Tensor target, Tensor dy, bool dyPerElement, double scale, Tensor dlogits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long stride = dyPerElement ? 1 : 0;
        cpu.For(logits.Count, Grain, (logits, target, dy, stride, scale, dlogits), static (in t, begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                double x = double.CreateChecked(t.logits.Data<T>()[i]), y = double.CreateChecked(t.target.Data<T>()[i]);
                double dy = double.CreateChecked(t.dy.Data<T>()[i * t.stride]);

                // σ(x) − y = (1 − y)·σ(x) − y·σ(−x)
                double exp = Math.Exp(-Math.Abs(x)), large = 1 / (1 + exp), small = exp * large;
                var (p, q) = x > 0 ? (large, small) : (small, large);
                t.dlogits.Data<T>()[i] = T.CreateChecked(dy * t.scale * (((1 - y) * p) - (y * q)));
            }
        });
    }
}
