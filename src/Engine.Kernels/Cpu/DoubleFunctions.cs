namespace Engine.Kernels;

/// <summary>Elementary functions of doubles, accurate to about 1e-15: f64 serves checks, so accuracy goes before speed.</summary>
internal static class DoubleFunctions
{
    private static readonly double InverseRootTwoPi = 1 / Math.Sqrt(2 * Math.PI);

    // Chebyshev coefficients of (1 + t/4) · exp(t²/2) · Φ(-t) in u = 2.2 / (1 + t/4) - 1.2, t from 0 to 40; own interpolation at
    // 25 nodes in 40 digits, of which the terms above 1e-16 are kept.
    private static readonly double[] Tail =
    [
        0.252905227096127085, 0.185125822393473261, 0.0506913052956759658, 0.0100217394525762264, 0.00124123954822978897,
        0.0000342987838806915597, -0.0000176604844807490792, -2.2671711224465565e-6, 2.36323962391785303e-7, 6.47678837451650643e-8,
        -4.3777969280277493e-9, -1.81327570020347554e-9, 1.39983760243279408e-10, 5.23388659658294273e-11, -6.3375024021391248e-12,
        -1.4418956950156731e-12, 3.06740515048906106e-13, 2.99818719070639228e-14, -1.38680076581905516e-14, 1.25634511610842015e-16,
        5.34982314303095887e-16,
    ];

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>x · Φ(x).</summary>
    public static double Gelu(double x)
    {
        x = Math.Max(x, -40);       // Math.Max passes NaN; below -38.6 Φ is 0
        return x * Normal(x);
    }

    /// <summary>Φ(x) + x · φ(x).</summary>
    public static double GeluDerivative(double x)
    {
        x = Math.Clamp(x, -40, 40);
        return Normal(x) + x * InverseRootTwoPi * Math.Exp(-0.5 * x * x);
    }

    /// <summary>Φ(x), the normal distribution function.</summary>
    public static double Normal(double x)
    {
        double t = Math.Min(Math.Abs(x), 40);
        double s = 1 / (1 + 0.25 * t), u = 2.2 * s - 1.2;
        double b1 = 0, b2 = 0;      // Clenshaw's recurrence
        for (int i = Tail.Length - 1; i > 0; i--)
        {
            (b1, b2) = (2 * u * b1 - b2 + Tail[i], b1);
        }
        double tail = Math.Exp(-0.5 * t * t) * s * (u * b1 - b2 + Tail[0]);
        return x < 0 ? tail : 1 - tail;
    }
}
