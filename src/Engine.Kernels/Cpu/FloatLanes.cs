using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <summary>A vector of floats, so that a kernel is written once for every width: <c>if (Lanes512.IsBest) Body&lt;Lanes512&gt;() else …</c>.</summary>
internal unsafe interface IFloatLanes<V>
    where V : struct, IFloatLanes<V>
{
    static abstract int Count { get; }

    static abstract V Load(float* x);

    static abstract void Store(V v, float* y);

    static abstract V Create(float x);

    static abstract V operator +(V x, V y);

    static abstract V operator -(V x, V y);

    static abstract V operator *(V x, V y);

    static abstract V operator /(V x, V y);

    static abstract V Sqrt(V x);

    /// <summary>x · y + z, rounded once where the processor can.</summary>
    static abstract V Fma(V x, V y, V z);

    /// <summary>The smaller one; a NaN in y passes, so put the variable there and the bound into x.</summary>
    static abstract V Min(V x, V y);

    /// <summary>The larger one; a NaN in y passes, so put the variable there and the bound into x.</summary>
    static abstract V Max(V x, V y);

    static abstract V Abs(V x);

    /// <summary>To the nearest integer.</summary>
    static abstract V Round(V x);

    /// <summary>x · 2ⁿ for integers n between -300 and 300, with gradual underflow and with overflow to infinity.</summary>
    static abstract V Scale(V x, V n);

    /// <summary>The size of x with the sign of y.</summary>
    static abstract V CopySign(V x, V y);

    /// <summary>y where x is below 0, else z; a NaN in x chooses z.</summary>
    static abstract V WhereNegative(V x, V y, V z);

    /// <summary>Sum of the lanes, always in the same order.</summary>
    static abstract float Sum(V x);

    /// <summary>The largest lane; where one is NaN, any lane.</summary>
    static abstract float Largest(V x);
}

/// <summary>16 floats.</summary>
internal readonly unsafe struct Lanes512(Vector512<float> value) : IFloatLanes<Lanes512>
{
    private readonly Vector512<float> _value = value;

    public static bool IsBest => Vector512.IsHardwareAccelerated;

    public static int Count => 16;

    public static Lanes512 Load(float* x) => new(Vector512.Load(x));

    public static void Store(Lanes512 v, float* y) => v._value.Store(y);

    public static Lanes512 Create(float x) => new(Vector512.Create(x));

    public static Lanes512 operator +(Lanes512 x, Lanes512 y) => new(x._value + y._value);

    public static Lanes512 operator -(Lanes512 x, Lanes512 y) => new(x._value - y._value);

    public static Lanes512 operator *(Lanes512 x, Lanes512 y) => new(x._value * y._value);

    public static Lanes512 operator /(Lanes512 x, Lanes512 y) => new(x._value / y._value);

    public static Lanes512 Sqrt(Lanes512 x) => new(Vector512.Sqrt(x._value));

    public static Lanes512 Fma(Lanes512 x, Lanes512 y, Lanes512 z) => new(Vector512.MultiplyAddEstimate(x._value, y._value, z._value));

    public static Lanes512 Min(Lanes512 x, Lanes512 y) => new(Vector512.MinNative(x._value, y._value));

    public static Lanes512 Max(Lanes512 x, Lanes512 y) => new(Vector512.MaxNative(x._value, y._value));

    public static Lanes512 Abs(Lanes512 x) => new(Vector512.Abs(x._value));

    public static Lanes512 Round(Lanes512 x) => new(Vector512.Round(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Scale(Lanes512 x, Lanes512 n)
    {
        if (Avx512F.IsSupported)
        {
            return new(Avx512F.Scale(x._value, n._value));
        }
        // Two factors: 2^n alone leaves the range of float before x · 2^n does.
        Vector512<int> whole = Vector512.ConvertToInt32Native(n._value), half = whole >> 1;
        Vector512<int> bias = Vector512.Create(127);
        return new(x._value * ((half + bias) << 23).AsSingle() * ((whole - half + bias) << 23).AsSingle());
    }

    public static Lanes512 CopySign(Lanes512 x, Lanes512 y) => new(Vector512.CopySign(x._value, y._value));

    public static Lanes512 WhereNegative(Lanes512 x, Lanes512 y, Lanes512 z) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(x._value, Vector512<float>.Zero), y._value, z._value));

    public static float Sum(Lanes512 x) => Lanes256.Sum(new(x._value.GetLower() + x._value.GetUpper()));

    public static float Largest(Lanes512 x) => Lanes256.Largest(new(Vector256.MaxNative(x._value.GetLower(), x._value.GetUpper())));
}

/// <summary>8 floats; a processor without such vectors gets them in pieces from the compiler.</summary>
internal readonly unsafe struct Lanes256(Vector256<float> value) : IFloatLanes<Lanes256>
{
    private readonly Vector256<float> _value = value;

    public static int Count => 8;

    public static Lanes256 Load(float* x) => new(Vector256.Load(x));

    public static void Store(Lanes256 v, float* y) => v._value.Store(y);

    public static Lanes256 Create(float x) => new(Vector256.Create(x));

    public static Lanes256 operator +(Lanes256 x, Lanes256 y) => new(x._value + y._value);

    public static Lanes256 operator -(Lanes256 x, Lanes256 y) => new(x._value - y._value);

    public static Lanes256 operator *(Lanes256 x, Lanes256 y) => new(x._value * y._value);

    public static Lanes256 operator /(Lanes256 x, Lanes256 y) => new(x._value / y._value);

    public static Lanes256 Sqrt(Lanes256 x) => new(Vector256.Sqrt(x._value));

    public static Lanes256 Fma(Lanes256 x, Lanes256 y, Lanes256 z) => new(Vector256.MultiplyAddEstimate(x._value, y._value, z._value));

    public static Lanes256 Min(Lanes256 x, Lanes256 y) => new(Vector256.MinNative(x._value, y._value));

    public static Lanes256 Max(Lanes256 x, Lanes256 y) => new(Vector256.MaxNative(x._value, y._value));

    public static Lanes256 Abs(Lanes256 x) => new(Vector256.Abs(x._value));

    public static Lanes256 Round(Lanes256 x) => new(Vector256.Round(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Scale(Lanes256 x, Lanes256 n)
    {
        Vector256<int> whole = Vector256.ConvertToInt32Native(n._value), half = whole >> 1;
        Vector256<int> bias = Vector256.Create(127);
        return new(x._value * ((half + bias) << 23).AsSingle() * ((whole - half + bias) << 23).AsSingle());
    }

    public static Lanes256 CopySign(Lanes256 x, Lanes256 y) => new(Vector256.CopySign(x._value, y._value));

    public static Lanes256 WhereNegative(Lanes256 x, Lanes256 y, Lanes256 z) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(x._value, Vector256<float>.Zero), y._value, z._value));

    public static float Sum(Lanes256 x)
    {
        Vector128<float> four = x._value.GetLower() + x._value.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    public static float Largest(Lanes256 x)
    {
        Vector128<float> four = Vector128.MaxNative(x._value.GetLower(), x._value.GetUpper());
        Vector128<float> two = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }
}
