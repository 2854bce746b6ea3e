namespace Ptx.Tests.Interpreter;

public enum Kind
{
    Bits,
    Unsigned,
    Signed,
    Float,
    Predicate,
}

/// <summary>A fundamental type of PTX: its kind and its width.</summary>
public readonly record struct PtxType(Kind Kind, int Bytes)
{
    public static readonly PtxType Predicate = new(Kind.Predicate, 1), U16 = new(Kind.Unsigned, 2), B32 = new(Kind.Bits, 4),
        U32 = new(Kind.Unsigned, 4), S32 = new(Kind.Signed, 4), F32 = new(Kind.Float, 4), F64 = new(Kind.Float, 8),
        B64 = new(Kind.Bits, 8), U64 = new(Kind.Unsigned, 8);

    /// <summary>All bits of a value of this type.</summary>
    public ulong Mask => Kind == Kind.Predicate ? 1 : Bytes == 8 ? ulong.MaxValue : (1UL << (8 * Bytes)) - 1;

    public static bool TryParse(string text, out PtxType type)
    {
        type = default;
        if (text == "pred")
        {
            type = Predicate;
            return true;
        }
        if (text.Length < 2 || !int.TryParse(text.AsSpan(1), out int bits) || bits is not (8 or 16 or 32 or 64)) return false;
        Kind kind = text[0] switch
        {
            'b' => Kind.Bits,
            'u' => Kind.Unsigned,
            's' => Kind.Signed,
            'f' => Kind.Float,
            _ => Kind.Predicate,
        };
        type = new PtxType(kind, bits / 8);
        return kind != Kind.Predicate;
    }

    /// <summary>PTX's rule for operands: equal width, and equal kind unless one side is untyped bits; signed and unsigned agree.</summary>
    public bool Agrees(PtxType register)
    {
        if (Bytes != register.Bytes || (Kind == Kind.Predicate) != (register.Kind == Kind.Predicate)) return false;
        return Kind == Kind.Bits || register.Kind == Kind.Bits || (Kind == Kind.Float) == (register.Kind == Kind.Float);
    }

    /// <summary>The relaxed rule of ld, st and cvt: an integer or untyped register may be wider than the instruction's type.</summary>
    public bool AgreesOrFits(PtxType register) =>
        Agrees(register) || (Kind is not (Kind.Float or Kind.Predicate) && register.Kind is not (Kind.Float or Kind.Predicate) &&
        register.Bytes > Bytes);

    public override string ToString() =>
        Kind == Kind.Predicate ? ".pred"
            : $".{(Kind switch { Kind.Bits => 'b', Kind.Unsigned => 'u', Kind.Signed => 's', _ => 'f' })}{8 * Bytes}";
}
