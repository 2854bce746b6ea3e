namespace Ptx.Tests.Interpreter;

/// <summary>Mathematical functions that kernels call and PTX has no instruction for, computed in double precision.</summary>
public static class External
{
    private static readonly Dictionary<string, Func<double, double, double>> s_functions = new()
    {
        ["exp"] = static (x, _) => Math.Exp(x),
        ["exp2"] = static (x, _) => Math.Pow(2, x),
        ["expm1"] = static (x, _) => Expm1(x),
        ["log"] = static (x, _) => Math.Log(x),
        ["log2"] = static (x, _) => Math.Log2(x),
        ["log10"] = static (x, _) => Math.Log10(x),
        ["log1p"] = static (x, _) => Log1p(x),
        ["sin"] = static (x, _) => Math.Sin(x),
        ["cos"] = static (x, _) => Math.Cos(x),
        ["tan"] = static (x, _) => Math.Tan(x),
        ["sinh"] = static (x, _) => Math.Sinh(x),
        ["cosh"] = static (x, _) => Math.Cosh(x),
        ["tanh"] = static (x, _) => Math.Tanh(x),
        ["erf"] = static (x, _) => Erf(x),
        ["erfc"] = static (x, _) => Erfc(x),
        ["cbrt"] = static (x, _) => Math.Cbrt(x),
        ["pow"] = Math.Pow,
        ["fmod"] = static (x, y) => x % y,
    };

    public static bool Knows(string name) => s_functions.ContainsKey(name) || (name.EndsWith('f') && s_functions.ContainsKey(name[..^1]));

    /// <summary>The function and the type it works on: an f at the end of a name means float.</summary>
    public static (PtxType Type, Func<double, double, double> Function) Find(string name) =>
        s_functions.TryGetValue(name, out var f) ? (PtxType.F64, f) : (PtxType.F32, s_functions[name[..^1]]);

    /// <summary>erf(x) = 2/sqrt(pi) exp(-x²) sum 2^n x^(2n+1) / (2n+1)!!: all terms have one sign. Abramowitz and Stegun 7.1.6.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        if (Math.Abs(x) > 6) return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    /// <summary>The complement; above 2 by its continued fraction, Abramowitz and Stegun 7.1.14, so that small values keep their
    /// digits.</summary>
    public static double Erfc(double x)
    {
        if (x < 2) return 1 - Erf(x);
        double tail = x;
        for (int k = 120; k > 0; k--) tail = x + (k / 2.0 / tail);
        return Math.Exp(-x * x) / (tail * Math.Sqrt(Math.PI));
    }

    // Kahan's forms: exact where the argument is so small that 1 + x loses its digits.
    private static double Expm1(double x)
    {
        double u = Math.Exp(x);
        if (u == 1) return x;
        double minus = u - 1;
        return minus == -1 ? -1 : double.IsInfinity(u) ? u : minus * x / Math.Log(u);
    }

    private static double Log1p(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : double.IsInfinity(u) ? u : Math.Log(u) * x / (u - 1);
    }
}
