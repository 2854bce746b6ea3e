namespace Ptx.Tests.Interpreter;

/// <summary>Integer arithmetic. Registers hold values zero-extended to 64 bits.</summary>
public static class IntegerOpcodes
{
    public static void Add()
    {
        Opcodes.Add($"add.{Opcodes.Integers}", Binary(static (a, b, _) => a + b));
        Opcodes.Add($"sub.{Opcodes.Integers}", Binary(static (a, b, _) => a - b));
        Opcodes.Add($"mul.lo.{Opcodes.Integers}", Binary(static (a, b, _) => a * b));
        Opcodes.Add($"mul.hi.{Opcodes.Integers}", Binary(High));
        Opcodes.Add($"div.{Opcodes.Integers}", Binary(static (a, b, t) => b == 0 ? ulong.MaxValue : Divide(a, b, t)));
        Opcodes.Add($"rem.{Opcodes.Integers}", Binary(static (a, b, t) => b == 0 ? a : Remainder(a, b, t)));
        Opcodes.Add($"min.{Opcodes.Integers}", Binary(static (a, b, t) => Less(a, b, t) ? a : b));
        Opcodes.Add($"max.{Opcodes.Integers}", Binary(static (a, b, t) => Less(a, b, t) ? b : a));
        Opcodes.Add("abs.{s16,s32,s64}", Unary(static (a, t) => Signed(a, t) < 0 ? 0 - a : a));
        Opcodes.Add("neg.{s16,s32,s64}", Unary(static (a, _) => 0 - a));
        Opcodes.Add("mul.wide.{u16,s16,u32,s32}", static site => Wide(site, add: false));
        Opcodes.Add("mad.wide.{u16,s16,u32,s32}", static site => Wide(site, add: true));
        Opcodes.Add($"mad.lo.{Opcodes.Integers}", static site => Mad(site, static (a, b, _) => a * b));
        Opcodes.Add($"mad.hi.{Opcodes.Integers}", static site => Mad(site, High));
    }

    /// <summary>The value with its sign.</summary>
    public static long Signed(ulong bits, PtxType type) => type.Bytes switch
    {
        1 => (sbyte)bits,
        2 => (short)bits,
        4 => (int)bits,
        _ => (long)bits,
    };

    public static bool Less(ulong a, ulong b, PtxType type) => type.Kind == Kind.Signed ? Signed(a, type) < Signed(b, type) : a < b;

    private static ulong Divide(ulong a, ulong b, PtxType type)
    {
        if (type.Kind != Kind.Signed) return a / b;
        long divisor = Signed(b, type);
        return divisor == -1 ? 0 - a : (ulong)(Signed(a, type) / divisor);
    }

    private static ulong Remainder(ulong a, ulong b, PtxType type)
    {
        if (type.Kind != Kind.Signed) return a % b;
        long divisor = Signed(b, type);
        return divisor == -1 ? 0 : (ulong)(Signed(a, type) % divisor);
    }

    private static ulong High(ulong a, ulong b, PtxType type)
    {
        if (type.Bytes == 8) return type.Kind == Kind.Signed ? (ulong)Math.BigMul((long)a, (long)b, out _) : Math.BigMul(a, b, out _);
        int bits = 8 * type.Bytes;
        return type.Kind == Kind.Signed ? (ulong)((Signed(a, type) * Signed(b, type)) >> bits) : (a * b) >> bits;
    }

    private static Func<Site, Action<Warp>> Unary(Func<ulong, PtxType, ulong> f) => site =>
    {
        site.Count(2);
        PtxType type = site.Type;
        return Lanes.Unary(site.Out(0, type), site.In(1, type), a => f(a, type) & type.Mask);
    };

    private static Func<Site, Action<Warp>> Binary(Func<ulong, ulong, PtxType, ulong> f) => site =>
    {
        site.Count(3);
        PtxType type = site.Type;
        return Lanes.Binary(site.Out(0, type), site.In(1, type), site.In(2, type), (a, b) => f(a, b, type) & type.Mask);
    };

    private static Action<Warp> Mad(Site site, Func<ulong, ulong, PtxType, ulong> f)
    {
        site.Count(4);
        PtxType type = site.Type;
        return Lanes.Ternary(site.Out(0, type), site.In(1, type), site.In(2, type), site.In(3, type), (a, b, c) =>
            (f(a, b, type) + c) & type.Mask);
    }

    // The product of two narrow numbers, in a register of twice their width.
    private static Action<Warp> Wide(Site site, bool add)
    {
        site.Count(add ? 4 : 3);
        PtxType type = site.Type;
        var wide = new PtxType(type.Kind, 2 * type.Bytes);
        ulong Product(ulong a, ulong b) => type.Kind == Kind.Signed ? (ulong)(Signed(a, type) * Signed(b, type)) : a * b;
        int d = site.Out(0, wide), x = site.In(1, type), y = site.In(2, type);
        return add ? Lanes.Ternary(d, x, y, site.In(3, wide), (a, b, c) => (Product(a, b) + c) & wide.Mask)
            : Lanes.Binary(d, x, y, (a, b) => Product(a, b) & wide.Mask);
    }
}
