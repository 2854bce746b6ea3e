using Engine.Kernels;
using Xunit;

namespace Engine.Tests.Cpu;

public sealed unsafe class VectorMathTests
{
    private delegate void Singles(float* x, float* y, long n);

    private delegate void Doubles(double* x, double* y, long n);

    public static TheoryData<string> Names => ["exp", "tanh", "sigmoid", "gelu", "gelu derivative"];

    [Theory, MemberData(nameof(Names))]
    public void Single_precision_is_within_its_bound(string name)
    {
        // Errors relative to the value; for GELU relative to the input and for its derivative absolute, since both cross zero.
        Function function = Find(name);
        foreach (int bits in new[] { 256, 512 })
        {
            float[] x = [.. Grid().Select(v => (float)v)];
            float[] y = Apply(function, x, bits);
            for (int i = 0; i < x.Length; i++)
            {
                double expected = function.Exact(x[i]);
                double scale = function.Scale(x[i], expected);
                bool close = expected > float.MaxValue
                    ? float.IsPositiveInfinity(y[i])
                    : Math.Abs(y[i] - expected) <= function.Bound * scale + 1.5e-45;
                Assert.True(close, $"{name}({x[i]:R}), {bits}: {expected:R}, found {y[i]:R}");
            }
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Double_precision_is_accurate_to_1e_14(string name)
    {
        Function function = Find(name);
        double[] x = [.. Grid()];
        var y = new double[x.Length];
        fixed (double* px = x, py = y)
        {
            function.Double(px, py, x.Length);
        }
        for (int i = 0; i < x.Length; i++)
        {
            double expected = function.Exact(x[i]);
            bool close = Math.Abs(y[i] - expected) <= 1e-14 * function.Scale(x[i], expected) + 1e-300;
            Assert.True(close, $"{name}({x[i]:R}): {expected:R}, found {y[i]:R}");
        }
    }

    [Theory]
    [InlineData("exp", 0, double.PositiveInfinity, 1)]
    [InlineData("tanh", -1, 1, 0)]
    [InlineData("sigmoid", 0, 1, 0.5)]
    [InlineData("gelu", 0, double.PositiveInfinity, 0)]
    [InlineData("gelu derivative", 0, 1, 0.5)]
    public void Infinities_give_limits_and_not_a_number_passes(string name, double low, double high, double zero)
    {
        Function function = Find(name);
        foreach (int bits in new[] { 256, 512 })
        {
            float[] y = Apply(function, [float.NegativeInfinity, float.PositiveInfinity, float.NaN, 0, -3e38f, 3e38f], bits);
            Assert.Equal(low, y[0]);
            Assert.Equal(high, y[1]);
            Assert.Equal(float.NaN, y[2]);
            Assert.Equal(zero, y[3], 1e-7);
            Assert.Equal(low, y[4]);
            Assert.Equal(high, y[5] > 1e38 ? double.PositiveInfinity : y[5]);
        }
        double[] x = [double.NegativeInfinity, double.PositiveInfinity, double.NaN];
        fixed (double* p = x)
        {
            function.Double(p, p, 3);
        }
        Assert.Equal([low, high, double.NaN], x);
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_length_writes_its_elements_alone_and_each_has_the_same_bits_at_any_place(string name)
    {
        Function function = Find(name);
        float[] x = [.. Enumerable.Range(0, 40).Select(i => i * 0.37f - 7)];
        float[] whole = Apply(function, x, 0);
        for (int n = 0; n <= 35; n++)
        {
            float[] part = [.. x.AsSpan(3, n), 99];
            fixed (float* p = part)
            {
                function.Single(p, p, n);
            }
            Assert.Equal([.. whole.AsSpan(3, n), 99], part);
        }
    }

    private static Function Find(string name) => name switch
    {
        "exp" => new(VectorMath.Exp, VectorMath.Exp, VectorMath.Map<Lanes256, VectorMath.ExpOf>, VectorMath.Map<Lanes512, VectorMath.ExpOf>,
            Math.Exp, (x, y) => y, 1.5e-7),
        "tanh" => new(VectorMath.Tanh, VectorMath.Tanh, VectorMath.Map<Lanes256, VectorMath.TanhOf>,
            VectorMath.Map<Lanes512, VectorMath.TanhOf>, Math.Tanh, (x, y) => Math.Abs(y), 2e-7),
        "sigmoid" => new(VectorMath.Sigmoid, VectorMath.Sigmoid, VectorMath.Map<Lanes256, VectorMath.SigmoidOf>,
            VectorMath.Map<Lanes512, VectorMath.SigmoidOf>, x => 1 / (1 + Math.Exp(-x)), (x, y) => y + 1e-31, 2.5e-7),
        "gelu" => new(VectorMath.Gelu, VectorMath.Gelu, VectorMath.Map<Lanes256, VectorMath.GeluOf>,
            VectorMath.Map<Lanes512, VectorMath.GeluOf>, x => 0.5 * x * (1 + Oracle.Erf(x / Math.Sqrt(2))), (x, y) => Math.Abs(x), 2e-7),
        _ => new(GeluDerivative, GeluDerivative, GeluDerivative, GeluDerivative,
            x => 0.5 * (1 + Oracle.Erf(x / Math.Sqrt(2))) + x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI), (x, y) => 1, 3e-7),
    };

    private static void GeluDerivative(float* x, float* y, long n)
    {
        float[] ones = [.. Enumerable.Repeat(1f, (int)n)];
        fixed (float* dy = ones)
        {
            VectorMath.GeluBackward(x, dy, y, n);
        }
    }

    private static void GeluDerivative(double* x, double* y, long n)
    {
        double[] ones = [.. Enumerable.Repeat(1d, (int)n)];
        fixed (double* dy = ones)
        {
            VectorMath.GeluBackward(x, dy, y, n);
        }
    }

    /// <summary>-100 to 100, fine next to 0, and very small values of both signs.</summary>
    private static IEnumerable<double> Grid() => Enumerable.Range(-20_000, 40_001).Select(i => i / 20_000.0 * Math.Abs(i / 20_000.0) * 100)
        .Concat(Enumerable.Range(1, 80).SelectMany(i => new[] { Math.Pow(2, -i), -Math.Pow(2, -i) }));

    private static float[] Apply(Function function, float[] x, int bits)
    {
        var y = new float[x.Length];
        fixed (float* px = x, py = y)
        {
            (bits switch { 256 => function.Narrow, 512 => function.Wide, _ => function.Single })(px, py, x.Length);
        }
        return y;
    }

    private sealed record Function(Singles Single, Doubles Double, Singles Narrow, Singles Wide, Func<double, double> Exact,
        Func<double, double, double> Scale, double Bound);
}
