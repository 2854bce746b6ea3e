using System.Numerics;

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
    internal readonly void Apply(T* c, nint offset, nint column, nint ldc, nint rows, nint width)
    {
        for (nint i = 0; i < rows; i++, c += ldc, offset += ldc)
        {
            for (nint j = 0; j < width; j++)
            {
                T x = Bias == null ? c[j] : c[j] + Bias[column + j];
                if (PreActivation != null)
                {
                    PreActivation[offset + j] = x;
                }
                c[j] = Activation switch
                {
                    GemmActivation.Relu => x < T.Zero ? T.Zero : x,
                    GemmActivation.Gelu => T.CreateChecked(Gelu(double.CreateChecked(x))),
                    _ => x,
                };
            }
        }
    }

    private static double Gelu(double x)
    {
        double z = x / Math.Sqrt(2);
        if (Math.Abs(z) > 6)
        {
            return x * (z > 0 ? 1 : 0);
        }
        double term = z, sum = z;       // erf z = 2/sqrt(pi) · exp(-z²) · sum of 2^n z^(2n+1) / (2n+1)!!, all terms of one sign
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 0.5 * x * (1 + 2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum);
    }
}
