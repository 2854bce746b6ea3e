namespace Engine.Tensors;

/// <summary>Element types.</summary>
public enum DType
{
    /// <summary>IEEE 754 single precision, the default.</summary>
    F32,

    /// <summary>IEEE 754 double precision, for checks.</summary>
    F64,

    /// <summary>The upper half of a single: storage only, sums run wider.</summary>
    BF16,

    /// <summary>64-bit signed integers: token ids and class targets.</summary>
    I64,

    /// <summary>One byte, 0 or 1: masks.</summary>
    Bool,
}

/// <summary>Sizes and names of dtypes.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    /// <param name="dtype">any dtype</param>
    /// <returns>1, 2, 4 or 8</returns>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.F64 or DType.I64 => 8,
        DType.F32 => 4,
        DType.BF16 => 2,
        _ => 1,
    };

    /// <summary>The name used on the command line and in messages: f32, f64, bf16, i64, bool.</summary>
    /// <param name="dtype">any dtype</param>
    /// <returns>the lower-case name</returns>
    public static string Label(this DType dtype) => dtype switch
    {
        DType.F32 => "f32",
        DType.F64 => "f64",
        DType.BF16 => "bf16",
        DType.I64 => "i64",
        _ => "bool",
    };

    /// <summary>Whether gradients can flow through it.</summary>
    /// <param name="dtype">any dtype</param>
    /// <returns>true for f32, f64, bf16</returns>
    public static bool IsFloating(this DType dtype) => dtype is DType.F32 or DType.F64 or DType.BF16;

    /// <summary>What sums and statistics of a floating dtype run in, and are stored in between passes on a device.</summary>
    /// <param name="dtype">f32, f64 or bf16</param>
    /// <returns>f64 for f64, else f32</returns>
    public static DType Accumulator(this DType dtype) => dtype == DType.F64 ? DType.F64 : DType.F32;

    /// <summary>Rounds a single to the nearest bf16, ties to even; NaN stays NaN.</summary>
    /// <param name="value">any single</param>
    /// <returns>its bits</returns>
    public static ushort ToBF16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Reads a floating dtype's name.</summary>
    /// <param name="label">f32, f64 or bf16</param>
    /// <returns>the dtype</returns>
    /// <exception cref="DwarfException">another word (usage)</exception>
    public static DType Parse(string label) => label switch
    {
        "f32" => DType.F32,
        "f64" => DType.F64,
        "bf16" => DType.BF16,
        _ => throw new DwarfException(ErrorKind.Usage, $"--dtype: expected f32, f64 or bf16, found '{label}'"),
    };

    /// <summary>The dtype that stores a .NET type.</summary>
    /// <typeparam name="T">float, double, long, bool or byte</typeparam>
    /// <returns>its dtype</returns>
    public static DType Of<T>()
        where T : unmanaged
        => typeof(T) == typeof(float) ? DType.F32
        : typeof(T) == typeof(double) ? DType.F64
        : typeof(T) == typeof(long) ? DType.I64
        : typeof(T) == typeof(bool) || typeof(T) == typeof(byte) ? DType.Bool
        : typeof(T) == typeof(ushort) ? DType.BF16
        : throw new DTypeException($"no dtype stores {typeof(T).Name}");
}
