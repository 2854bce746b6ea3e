namespace Engine.Tensors;

/// <summary>Element types that weight files store; all little-endian.</summary>
public enum StoredType
{
    /// <summary>IEEE 754 double precision.</summary>
    F64,

    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>The upper half of a single.</summary>
    BF16,

    /// <summary>64-bit signed integers.</summary>
    I64,

    /// <summary>32-bit signed integers.</summary>
    I32,

    /// <summary>16-bit signed integers.</summary>
    I16,

    /// <summary>8-bit signed integers.</summary>
    I8,

    /// <summary>8-bit unsigned integers; read as a mask of 0 and 1.</summary>
    U8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool,
}

/// <summary>Sizes, names and conversions of what weight files store.</summary>
public static class StoredTypes
{
    /// <summary>Bytes of one stored element.</summary>
    /// <param name="type">any stored type</param>
    /// <returns>1, 2, 4 or 8</returns>
    public static int Size(this StoredType type) => type switch
    {
        StoredType.F64 or StoredType.I64 => 8,
        StoredType.F32 or StoredType.I32 => 4,
        StoredType.F16 or StoredType.BF16 or StoredType.I16 => 2,
        _ => 1,
    };

    /// <summary>The name in lists and messages: f16, i32 and so on.</summary>
    /// <param name="type">any stored type</param>
    /// <returns>the lower-case name</returns>
    public static string Label(this StoredType type) => type.ToString().ToLowerInvariant();

    /// <summary>The dtype that a stored type is read as; every value survives.</summary>
    /// <param name="type">any stored type</param>
    /// <returns>f32 for f16, i64 for the shorter integers, bool for u8, else the same</returns>
    public static DType ReadAs(this StoredType type) => type switch
    {
        StoredType.F64 => DType.F64,
        StoredType.F32 or StoredType.F16 => DType.F32,
        StoredType.BF16 => DType.BF16,
        StoredType.U8 or StoredType.Bool => DType.Bool,
        _ => DType.I64,
    };

    /// <summary>How a dtype is stored.</summary>
    /// <param name="dtype">any dtype</param>
    /// <returns>the type of the same size and values</returns>
    public static StoredType Stored(this DType dtype) => dtype switch
    {
        DType.F64 => StoredType.F64,
        DType.F32 => StoredType.F32,
        DType.BF16 => StoredType.BF16,
        DType.I64 => StoredType.I64,
        _ => StoredType.Bool,
    };

    /// <summary>Turns stored elements into those of <see cref="ReadAs"/>.</summary>
    /// <param name="type">of the source; one whose size differs from what it is read as</param>
    /// <param name="source">stored bytes, whole elements</param>
    /// <param name="target">as many elements</param>
    internal static void Widen(StoredType type, ReadOnlySpan<byte> source, Span<byte> target)
    {
        int size = type.Size();
        for (int i = 0; i < source.Length / size; i++)
        {
            if (type == StoredType.F16)
            {
                var half = System.Buffers.Binary.BinaryPrimitives.ReadHalfLittleEndian(source[(i * 2)..]);
                BitConverter.TryWriteBytes(target[(i * 4)..], (float)half);
            }
            else
            {
                long value = type switch
                {
                    StoredType.I32 => System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(source[(i * 4)..]),
                    StoredType.I16 => System.Buffers.Binary.BinaryPrimitives.ReadInt16LittleEndian(source[(i * 2)..]),
                    _ => (sbyte)source[i],
                };
                BitConverter.TryWriteBytes(target[(i * 8)..], value);
            }
        }
    }
}
