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
    where T : unmanaged
{
    /// <summary>[n], added to every row; null = none.</summary>
    public T* Bias;

    /// <summary>[m, n] with the leading dimension of C: receives the values before the activation; null = not wanted.</summary>
    public T* PreActivation;

    /// <summary>Applied last.</summary>
    public GemmActivation Activation;

    /// <summary>True where there is nothing to do.</summary>
    public readonly bool IsEmpty => Bias == null && PreActivation == null && Activation == GemmActivation.None;
}
