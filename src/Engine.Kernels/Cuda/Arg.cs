using System.Runtime.InteropServices;
using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>One argument of a kernel, by value: what a launch copies. Converts from what operators have at hand.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe struct Arg
{
    // First, so that the argument's address is the value's address. Integers are widened with their sign: a kernel that takes an int
    // reads the lower half.
    private readonly ulong _bits;
    private readonly ArgKind _kind;

    private Arg(ArgKind kind, ulong bits)
    {
        _kind = kind;
        _bits = bits;
    }

    /// <summary>What it was made from.</summary>
    internal ArgKind Kind => _kind;

    /// <summary>The value's bits; of an <see cref="ArgKind.Accum"/>, those of the double.</summary>
    internal ulong Bits => _bits;

    /// <summary>A double, or a float where the launch's dtype sums in f32: what a kernel declares as `accum`.</summary>
    /// <param name="value">rounded to nearest for f32 and bf16</param>
    /// <returns>the argument</returns>
    public static Arg Accum(double value) => new(ArgKind.Accum, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>A double whatever the launch's dtype is.</summary>
    /// <param name="value">its value</param>
    /// <returns>the argument</returns>
    public static Arg Double(double value) => new(ArgKind.Double, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>The address of a tensor's first element; null for a tensor that is not given.</summary>
    /// <param name="tensor">on the device</param>
    public static implicit operator Arg(Tensor? tensor) => new(ArgKind.Pointer, tensor is null ? 0 : (ulong)tensor.Pointer);

    /// <summary>A size or index (long long, or int where the kernel says so).</summary>
    /// <param name="value">its value</param>
    public static implicit operator Arg(long value) => new(ArgKind.Long, (ulong)value);

    /// <summary>A seed or counter (unsigned long long).</summary>
    /// <param name="value">its value</param>
    public static implicit operator Arg(ulong value) => new(ArgKind.Long, value);

    /// <summary>A size or index.</summary>
    /// <param name="value">its value</param>
    public static implicit operator Arg(int value) => new(ArgKind.Int, (ulong)(long)value);

    /// <summary>A float whatever the launch's dtype is.</summary>
    /// <param name="value">its value</param>
    public static implicit operator Arg(float value) => new(ArgKind.Float, BitConverter.SingleToUInt32Bits(value));

    /// <summary>A switch: an int that is 0 or 1.</summary>
    /// <param name="value">its value</param>
    public static implicit operator Arg(bool value) => new(ArgKind.Int, value ? 1UL : 0UL);

    /// <summary>An address on the device.</summary>
    /// <param name="address">0 for none</param>
    public static implicit operator Arg(nint address) => new(ArgKind.Pointer, (ulong)address);

    /// <summary>Whether it is the address 0: of a tensor that is not given.</summary>
    public bool IsNull => _kind == ArgKind.Pointer && _bits == 0;

    /// <summary>The value of an integer argument; 1 or 0 for an address that is given or not.</summary>
    public long Integer => _kind == ArgKind.Pointer ? (_bits == 0 ? 0 : 1) : (long)_bits;

    /// <summary>Whether it is an integer.</summary>
    public bool IsInteger => _kind is ArgKind.Long or ArgKind.Int;

    /// <summary>What it is, for messages.</summary>
    /// <returns>kind and, of an integer, value</returns>
    public override string ToString() => _kind switch
    {
        ArgKind.Pointer => "a pointer",
        ArgKind.Long or ArgKind.Int => $"the integer {(long)_bits}",
        ArgKind.Float => "a float",
        ArgKind.Double => "a double",
        _ => "an accum",
    };

    /// <summary>The same value as the kernel reads it: an <see cref="ArgKind.Accum"/> becomes a float or stays a double.</summary>
    /// <param name="dtype">of the launch</param>
    /// <returns>bits whose lower half is the value of a four-byte argument</returns>
    internal ulong BitsFor(DType dtype) => _kind == ArgKind.Accum && dtype != DType.F64
        ? BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(_bits))
        : _bits;
}

/// <summary>What an argument was made from; held against the kernel's own parameters before its first launch.</summary>
internal enum ArgKind : byte
{
    Pointer,
    Long,
    Int,
    Float,
    Double,
    Accum,
}
