namespace Ptx.Tests.Interpreter;

/// <summary>Floating-point arithmetic, rounded to nearest; approximations are computed as exactly as .NET can.</summary>
public static class FloatOpcodes
{
    public static void Add()
    {
        Opcodes.Add("add[.rn].{f32,f64}", Binary(static (a, b) => a + b, static (a, b) => a + b));
        Opcodes.Add("sub[.rn].{f32,f64}", Binary(static (a, b) => a - b, static (a, b) => a - b));
        Opcodes.Add("mul[.rn].{f32,f64}", Binary(static (a, b) => a * b, static (a, b) => a * b));
        Opcodes.Add("div.rn.{f32,f64}", Binary(static (a, b) => a / b, static (a, b) => a / b));
        Opcodes.Add("div.{approx,full}.f32", Binary(static (a, b) => a / b, static (a, b) => a / b));
        Opcodes.Add("min.{f32,f64}", Binary(Smaller, Smaller));
        Opcodes.Add("max.{f32,f64}", Binary(Larger, Larger));
        Opcodes.Add("min.NaN.f32", Binary(MathF.Min, Math.Min));
        Opcodes.Add("max.NaN.f32", Binary(MathF.Max, Math.Max));
        Opcodes.Add("copysign.{f32,f64}", Binary(static (a, b) => MathF.CopySign(b, a), static (a, b) => Math.CopySign(b, a)));
        Opcodes.Add("abs.{f32,f64}", Unary(MathF.Abs, Math.Abs));
        Opcodes.Add("neg.{f32,f64}", Unary(static a => -a, static a => -a));
        Opcodes.Add("sqrt.{rn.f32,rn.f64,approx.f32}", Unary(MathF.Sqrt, Math.Sqrt));
        Opcodes.Add("rcp.{rn.f32,rn.f64,approx.f32}", Unary(static a => 1 / a, static a => 1 / a));
        Opcodes.Add("rsqrt.approx.{f32,f64}", Unary(static a => (float)(1 / Math.Sqrt(a)), static a => 1 / Math.Sqrt(a)));
        Opcodes.Add("ex2.approx[.ftz].f32", Unary(static a => (float)Math.Pow(2, a), static a => Math.Pow(2, a)));
        Opcodes.Add("lg2.approx.f32", Unary(static a => (float)Math.Log2(a), Math.Log2));
        Opcodes.Add("sin.approx.f32", Unary(static a => (float)Math.Sin(a), Math.Sin));
        Opcodes.Add("cos.approx.f32", Unary(static a => (float)Math.Cos(a), Math.Cos));
        Opcodes.Add("tanh.approx.f32", Unary(static a => (float)Math.Tanh(a), Math.Tanh));
        Opcodes.Add("fma.rn.{f32,f64}", Fma);
    }

    public static float F32(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    public static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    public static double F64(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    public static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    // min and max of PTX return the number when the other operand is NaN.
    private static float Smaller(float a, float b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Min(a, b);

    private static double Smaller(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : Math.Min(a, b);

    private static float Larger(float a, float b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Max(a, b);

    private static double Larger(double a, double b) => double.IsNaN(a) ? b : double.IsNaN(b) ? a : Math.Max(a, b);

    private static Func<Site, Action<Warp>> Unary(Func<float, float> f, Func<double, double> g) => site =>
    {
        site.Count(2);
        PtxType type = site.Type;
        int d = site.Out(0, type), x = site.In(1, type);
        return type.Bytes == 4 ? Lanes.Unary(d, x, a => Bits(f(F32(a)))) : Lanes.Unary(d, x, a => Bits(g(F64(a))));
    };

    private static Func<Site, Action<Warp>> Binary(Func<float, float, float> f, Func<double, double, double> g) => site =>
    {
        site.Count(3);
        PtxType type = site.Type;
        int d = site.Out(0, type), x = site.In(1, type), y = site.In(2, type);
        return type.Bytes == 4 ? Lanes.Binary(d, x, y, (a, b) => Bits(f(F32(a), F32(b))))
            : Lanes.Binary(d, x, y, (a, b) => Bits(g(F64(a), F64(b))));
    };

    private static Action<Warp> Fma(Site site)
    {
        site.Count(4);
        PtxType type = site.Type;
        int d = site.Out(0, type), x = site.In(1, type), y = site.In(2, type), z = site.In(3, type);
        return type.Bytes == 4
            ? Lanes.Ternary(d, x, y, z, static (a, b, c) => Bits(MathF.FusedMultiplyAdd(F32(a), F32(b), F32(c))))
            : Lanes.Ternary(d, x, y, z, static (a, b, c) => Bits(Math.FusedMultiplyAdd(F64(a), F64(b), F64(c))));
    }
}
