namespace Ptx.Tests.Interpreter;

/// <summary>cvt between all types, and cvta between generic and other addresses.</summary>
public static class ConversionOpcodes
{
    private const string Integers = "{u8,s8,u16,s16,u32,s32,u64,s64}";

    public static void Add()
    {
        Opcodes.Add($"cvt.{Integers}.{Integers}", static site =>
            Convert(site, static (a, from, _) => from.Kind == Kind.Signed ? (ulong)IntegerOpcodes.Signed(a, from) : a));
        Opcodes.Add($"cvt.{{rn,rz}}.{{f32,f64}}.{Integers}", static site => Convert(site, site.Has("rz") ? ToFloatDown : ToFloat));
        Opcodes.Add($"cvt.{{rni,rzi,rmi,rpi}}.{Integers}.{{f32,f64}}", static site => Convert(site, ToInteger(Rounding(site))));
        Opcodes.Add("cvt.{rni,rzi,rmi,rpi}.{f32.f32,f64.f64}", Round);
        Opcodes.Add("cvt.f64.f32", static site => Convert(site, static (a, _, _) => FloatOpcodes.Bits((double)FloatOpcodes.F32(a))));
        Opcodes.Add("cvt.{rn,rz}.f32.f64", static site => Convert(site, site.Has("rz")
            ? static (a, _, _) => FloatOpcodes.Bits(TowardsZero(FloatOpcodes.F64(a)))
            : static (a, _, _) => FloatOpcodes.Bits((float)FloatOpcodes.F64(a))));
        Opcodes.Add("cvt.rn.bf16.f32", static site =>
        {
            site.Count(2);
            return Lanes.Unary(site.Out(0, new PtxType(Kind.Bits, 2)), site.In(1, PtxType.F32), static a => Bfloat16(FloatOpcodes.F32(a)));
        });
        // The first source goes to the upper half.
        Opcodes.Add("cvt.rn.bf16x2.f32", static site =>
        {
            site.Count(3);
            return Lanes.Binary(site.Out(0, PtxType.B32), site.In(1, PtxType.F32), site.In(2, PtxType.F32),
                static (a, b) => (ulong)Bfloat16(FloatOpcodes.F32(a)) << 16 | Bfloat16(FloatOpcodes.F32(b)));
        });
        Opcodes.Add("cvta.{global,const}.u64", static site => Address(site, 0));
        Opcodes.Add("cvta.to.{global,const}.u64", static site => Address(site, 0));
        Opcodes.Add("cvta.shared.u64", static site => Address(site, GlobalMemory.SharedWindow));
        Opcodes.Add("cvta.to.shared.u64", static site => Address(site, unchecked(0 - GlobalMemory.SharedWindow)));
        Opcodes.Add("cvta.local.u64", static site => Address(site, GlobalMemory.LocalWindow));
        Opcodes.Add("cvta.to.local.u64", static site => Address(site, unchecked(0 - GlobalMemory.LocalWindow)));
    }

    /// <summary>The nearest bfloat16, ties to even; NaN stays NaN.</summary>
    public static ushort Bfloat16(float value)
    {
        if (float.IsNaN(value)) return 0x7fff;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }

    public static float FromBfloat16(ulong bits) => BitConverter.UInt32BitsToSingle((uint)(bits & 0xffff) << 16);

    private static Action<Warp> Convert(Site site, Func<ulong, PtxType, PtxType, ulong> f)
    {
        site.Count(2);
        PtxType from = site.Type;
        PtxType to = site.TypeAt(^2);
        int d = site.Out(site[0], to, relaxed: true), s = site.In(site[1], from, relaxed: true);
        // A destination register wider than the type is extended with the type's sign.
        ulong mask = site.Entry.Slots[site[0].Slot].Type.Mask;
        bool extend = to.Kind == Kind.Signed;
        return Lanes.Unary(d, s, a =>
        {
            ulong result = f(a & from.Mask, from, to) & to.Mask;
            return (extend ? (ulong)IntegerOpcodes.Signed(result, to) : result) & mask;
        });
    }

    private static ulong ToFloat(ulong a, PtxType from, PtxType to)
    {
        if (from.Kind == Kind.Signed)
        {
            long value = IntegerOpcodes.Signed(a, from);
            return to.Bytes == 4 ? FloatOpcodes.Bits((float)value) : FloatOpcodes.Bits((double)value);
        }
        return to.Bytes == 4 ? FloatOpcodes.Bits((float)a) : FloatOpcodes.Bits((double)a);
    }

    private static ulong ToFloatDown(ulong a, PtxType from, PtxType to)
    {
        ulong bits = ToFloat(a, from, to);
        decimal exact = from.Kind == Kind.Signed ? IntegerOpcodes.Signed(a, from) : a;
        decimal rounded = to.Bytes == 4 ? (decimal)(double)FloatOpcodes.F32(bits) : (decimal)FloatOpcodes.F64(bits);
        return Math.Abs(rounded) > Math.Abs(exact) ? bits - 1 : bits;
    }

    private static float TowardsZero(double value)
    {
        float near = (float)value;
        return Math.Abs((double)near) > Math.Abs(value) ? BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(near) - 1) : near;
    }

    private static Func<double, double> Rounding(Site site) =>
        site.Has("rni") ? static x => Math.Round(x, MidpointRounding.ToEven)
        : site.Has("rzi") ? Math.Truncate
        : site.Has("rmi") ? Math.Floor : Math.Ceiling;

    // Out of range saturates, NaN gives 0.
    private static Func<ulong, PtxType, PtxType, ulong> ToInteger(Func<double, double> round) => (a, from, to) =>
    {
        double value = from.Bytes == 4 ? FloatOpcodes.F32(a) : FloatOpcodes.F64(a);
        if (double.IsNaN(value)) return 0;
        value = round(value);
        int bits = 8 * to.Bytes;
        if (to.Kind != Kind.Signed) return value <= 0 ? 0 : value >= Math.Pow(2, bits) ? to.Mask : (ulong)value;
        double limit = Math.Pow(2, bits - 1);
        long signed = value >= limit ? (long)(to.Mask >> 1) : value < -limit ? -(long)(to.Mask >> 1) - 1 : (long)value;
        return (ulong)signed;
    };

    private static Action<Warp> Round(Site site)
    {
        site.Count(2);
        PtxType type = site.Type;
        Func<double, double> round = Rounding(site);
        int d = site.Out(0, type), s = site.In(1, type);
        return type.Bytes == 4 ? Lanes.Unary(d, s, a => FloatOpcodes.Bits((float)round(FloatOpcodes.F32(a))))
            : Lanes.Unary(d, s, a => FloatOpcodes.Bits(round(FloatOpcodes.F64(a))));
    }

    private static Action<Warp> Address(Site site, ulong offset)
    {
        site.Count(2);
        return Lanes.Unary(site.Out(0, PtxType.U64), site.In(1, PtxType.U64), a => a + offset);
    }
}
