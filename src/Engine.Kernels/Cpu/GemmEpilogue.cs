using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>The function applied to each element of a matrix product.</summary>
public enum GemmActivation
{
    /// <summary>The identity.</summary>
    None = 0,

    /// <summary>Exact GELU: x · Φ(x), with Φ the normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415).</summary>
    Gelu,

    /// <summary>max(x, 0); NaN stays NaN.</summary>
    Relu,
}

/// <summary>What <see cref="Gemm"/> does to a finished tile while it is in cache: bias, copy before the activation, activation.</summary>
/// <typeparam name="T">float or double</typeparam>
public unsafe struct GemmEpilogue<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>[n], added to every row; null = none.</summary>
    public T* Bias;

    /// <summary>[m, n] with the leading dimension of C: receives the values before the activation; null = not wanted.</summary>
    public T* PreActivation;

    /// <summary>Applied last.</summary>
    public GemmActivation Activation;

    /// <summary>True where there is nothing to do.</summary>
    public readonly bool IsEmpty => Bias == null && PreActivation == null && Activation == GemmActivation.None;

    /// <summary>Finishes a tile of C.</summary>
    /// <param name="c">the tile</param>
    /// <param name="offset">of the tile in C</param>
    /// <param name="column">of the tile in C</param>
    /// <param name="ldc">distance between rows</param>
    /// <param name="rows">of the tile</param>
    /// <param name="width">of the tile</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal readonly void Apply(T* c, nint offset, nint column, nint ldc, nint rows, nint width)
    {
        for (nint i = 0; i < rows; i++, c += ldc, offset += ldc)
        {
            nint j = 0;
            for (; j + Vector256<T>.Count <= width; j += Vector256<T>.Count)
            {
                Vector256<T> x = Vector256.Load(c + j);
                x = Bias == null ? x : x + Vector256.Load(Bias + column + j);
                if (PreActivation != null)
                {
                    x.Store(PreActivation + offset + j);
                }
                // Not Vector256.Max: x < 0 is false for NaN, which passes.
                (Activation == GemmActivation.Relu ? Vector256.AndNot(x, Vector256.LessThan(x, Vector256<T>.Zero)) : x).Store(c + j);
            }
            for (; j < width; j++)
            {
                T x = Bias == null ? c[j] : c[j] + Bias[column + j];
                if (PreActivation != null)
                {
                    PreActivation[offset + j] = x;
                }
                c[j] = Activation == GemmActivation.Relu && x < T.Zero ? T.Zero : x;
            }
            if (Activation == GemmActivation.Gelu)
            {
                if (typeof(T) == typeof(float))
                {
                    VectorMath.Gelu((float*)c, (float*)c, width);
                }
                else
                {
                    VectorMath.Gelu((double*)c, (double*)c, width);
                }
            }
        }
    }
}
