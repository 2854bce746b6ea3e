using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Logit of a clipped probability on cpu, each element in double, since 1 − x near 1 has few digits in f32.</summary>
public static unsafe class LogitCpu
{
    private const long Grain = 2048;

    /// <summary>y = log(c / (1 − c)) with c = x clipped to [eps, 1 − eps].</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">any shape</param>
    /// <param name="eps">0 to 1/2</param>
    /// <param name="y">as x</param>
    public static void Forward(CpuDevice cpu, Tensor x, double eps, Tensor y)
    {
        if (x.DType == DType.F64)
        {
            Forward<double>(cpu, x, eps, y);
        }
        else
        {
            Forward<float>(cpu, x, eps, y);
        }
    }

    /// <summary>dx = dy / (x·(1 − x)) inside the clip range, bounds included as in PyTorch; 0 outside.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="x">any shape</param>
    /// <param name="eps">0 to 1/2</param>
    /// <param name="dy">as x</param>
    /// <param name="dx">as x</param>
    public static void Backward(CpuDevice cpu, Tensor x, double eps, Tensor dy, Tensor dx)
    {
        if (x.DType == DType.F64)
        {
            Backward<double>(cpu, x, eps, dy, dx);
        }
        else
        {
            Backward<float>(cpu, x, eps, dy, dx);
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor x, double eps, Tensor y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(x.Count, Grain, (x, eps, y), static (in t, begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                double c = Math.Clamp(double.CreateChecked(t.x.Data<T>()[i]), t.eps, 1 - t.eps);
                t.y.Data<T>()[i] = T.CreateChecked(Math.Log(c / (1 - c)));
            }
        });
    }

    private static void Backward<T>(CpuDevice cpu, Tensor x, double eps, Tensor dy, Tensor dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        cpu.For(x.Count, Grain, (x, eps, dy, dx), static (in t, begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                double x = double.CreateChecked(t.x.Data<T>()[i]);
                bool clipped = x < t.eps || x > 1 - t.eps;
                t.dx.Data<T>()[i] = clipped ? T.Zero : T.CreateChecked(double.CreateChecked(t.dy.Data<T>()[i]) / (x * (1 - x)));
            }
        });
    }
}
