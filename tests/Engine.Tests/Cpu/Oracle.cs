namespace Engine.Tests.Cpu;

/// <summary>Slow, obviously right functions to measure the fast ones against.</summary>
internal static class Oracle
{
    /// <summary>erf z = 2/√π · exp(-z²) · Σ 2ⁿ z²ⁿ⁺¹ / (2n+1)!!: one sign, so nothing cancels (Abramowitz and Stegun 7.1.6).</summary>
    public static double Erf(double z)
    {
        if (Math.Abs(z) > 6)
        {
            return Math.Sign(z);    // 1 - erf(6) is 2e-17
        }
        double term = z, sum = z;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum;
    }
}
