namespace Engine.Kernels.Operators;

/// <summary>Functions of one double that .NET lacks.</summary>
internal static class Scalars
{
    /// <summary>log(1 + x) for x from 0 to 1, exact to the last digits for small x too.</summary>
    /// <remarks>log(u)·x/(u − 1) with u = 1 + x rounded: the rounding of u cancels (Kahan's formula).</remarks>
    public static double LogOnePlus(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : Math.Log(u) * (x / (u - 1));
    }
}
