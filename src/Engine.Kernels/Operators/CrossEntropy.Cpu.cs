using System.Numerics;
using Engine.Tensors;

namespace Engine.Kernels.Operators;

/// <summary>Cross-entropy on logits against class indices on cpu, one row at a time.</summary>
public static unsafe class CrossEntropyCpu
{
    private const int Batch = 256;

    /// <summary>losses = log Σ exp(x) − x[target]; 0 where the row is ignored.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="logits">x [n, c]</param>
    /// <param name="target">i64 [n], from 0 to c − 1 or the ignored index</param>
    /// <param name="ignoreIndex">rows with this target do not count</param>
    /// <param name="losses">[n]</param>
    public static void Forward(CpuDevice cpu, Tensor logits, Tensor target, long ignoreIndex, Tensor losses)
    {
        if (logits.DType == DType.F64)
        {
            Forward<double>(cpu, logits, target, ignoreIndex, losses);
        }
        else
        {
            Forward<float>(cpu, logits, target, ignoreIndex, losses);
        }
    }

    /// <summary>dlogits = dy · scale · (softmax(x) − one at the target); 0 where the row is ignored.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="logits">x [n, c]</param>
    /// <param name="target">i64 [n]</param>
    /// <param name="ignoreIndex">rows with this target do not count</param>
    /// <param name="dy">gradient of the loss: [n], or one number</param>
    /// <param name="dyPerRow">dy is [n]</param>
    /// <param name="scale">what the reduction divides by, inverted</param>
    /// <param name="dlogits">[n, c]</param>
    public static void Backward(
        CpuDevice cpu, Tensor logits, Tensor target, long ignoreIndex, Tensor dy, bool dyPerRow, double scale, Tensor dlogits)
    {
        if (logits.DType == DType.F64)
        {
            Backward<double>(cpu, logits, target, ignoreIndex, dy, dyPerRow, scale, dlogits);
        }
        else
        {
            Backward<float>(cpu, logits, target, ignoreIndex, dy, dyPerRow, scale, dlogits);
        }
    }

    private static void Forward<T>(CpuDevice cpu, Tensor logits, Tensor target, long ignoreIndex, Tensor losses)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long c = logits.Shape[1];
        cpu.For(target.Count, Grain(c), (logits, target, ignoreIndex, losses, c), static (in t, begin, end) =>
        {
            T* exps = stackalloc T[Batch];
            for (long row = begin; row < end; row++)
            {
                long answer = t.target.Data<long>()[row];
                if (answer == t.ignoreIndex)
                {
                    t.losses.Data<T>()[row] = T.Zero;
                    continue;
                }

                T* x = t.logits.Data<T>() + (row * t.c);
                T max = Rows.Max(x, t.c);

                // The sum without one maximum, so that log(1 + others) keeps a small loss exact.
                double others = 0;
                bool left = false;
                for (long first = 0; first < t.c; first += Batch)
                {
                    long n = Math.Min(Batch, t.c - first);
                    Exp(x + first, max, exps, n);
                    for (long i = 0; i < n; i++)
                    {
                        if (!left && exps[i] == T.One)
                        {
                            left = true;
                            continue;
                        }

                        others += double.CreateChecked(exps[i]);
                    }
                }

                double distance = double.CreateChecked(max) - double.CreateChecked(x[answer]);
                t.losses.Data<T>()[row] = T.CreateChecked(distance + (others < 1 ? Scalars.LogOnePlus(others) : Math.Log(1 + others)));
            }
        });
    }

    private static void Backward<T>(
        CpuDevice cpu, Tensor logits, Tensor target, long ignoreIndex, Tensor dy, bool dyPerRow, double scale, Tensor dlogits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long c = logits.Shape[1];
        cpu.For(target.Count, Grain(c), (logits, target, ignoreIndex, dy, dyPerRow, scale, dlogits, c), static (in t, begin, end) =>
        {
            for (long row = begin; row < end; row++)
            {
                long answer = t.target.Data<long>()[row];
                T* x = t.logits.Data<T>() + (row * t.c), dx = t.dlogits.Data<T>() + (row * t.c);
                if (answer == t.ignoreIndex)
                {
                    new Span<T>(dx, (int)t.c).Clear();
                    continue;
                }

                Exp(x, Rows.Max(x, t.c), dx, t.c);
                double others = 0;
                for (long i = 0; i < t.c; i++)
                {
                    others += i == answer ? 0 : double.CreateChecked(dx[i]);
                }

                // p − 1 at the target is −(sum of the others' p): nothing cancels.
                double g = double.CreateChecked(t.dy.Data<T>()[t.dyPerRow ? row : 0]) * t.scale;
                double factor = g / (others + double.CreateChecked(dx[answer]));
                Rows.Scale(dx, T.CreateChecked(factor), dx, t.c);
                dx[answer] = T.CreateChecked(-others * factor);
            }
        });
    }

    private static long Grain(long c) => Math.Max(1, 4096 / Math.Max(c, 1));

    /// <summary>y = exp(x − max).</summary>
    private static void Exp<T>(T* x, T max, T* y, long n)
        where T : unmanaged, INumber<T>
    {
        Rows.AddNumber(x, -max, y, n);
        Rows.Exp(y, n);
    }
}
