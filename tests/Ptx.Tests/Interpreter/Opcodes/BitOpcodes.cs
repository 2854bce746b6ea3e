using System.Numerics;

namespace Ptx.Tests.Interpreter;

/// <summary>Moves, logic, shifts and bit fields.</summary>
public static class BitOpcodes
{
    public static void Add()
    {
        Opcodes.Add("mov.{pred,b16,b32,b64,u16,u32,u64,s16,s32,s64,f32,f64}", Move);
        Opcodes.Add("and.{pred,b16,b32,b64}", Binary(static (a, b) => a & b));
        Opcodes.Add("or.{pred,b16,b32,b64}", Binary(static (a, b) => a | b));
        Opcodes.Add("xor.{pred,b16,b32,b64}", Binary(static (a, b) => a ^ b));
        Opcodes.Add("not.{pred,b16,b32,b64}", static site =>
        {
            site.Count(2);
            PtxType type = site.Type;
            return Lanes.Unary(site.Out(0, type), site.In(1, type), a => ~a & type.Mask);
        });
        Opcodes.Add("shl.{b16,b32,b64}", static site => Shift(site, static (a, n, t) => n >= 8 * (uint)t.Bytes ? 0 : a << (int)n));
        Opcodes.Add("shr.{b16,b32,b64,u16,u32,u64,s16,s32,s64}", static site => Shift(site, Right));
        Opcodes.Add("shf.{l,r}.{wrap,clamp}.b32", Funnel);
        Opcodes.Add("bfe.{u32,s32,u64,s64}", Extract);
        Opcodes.Add("bfi.{b32,b64}", Insert);
        Opcodes.Add("popc.{b32,b64}", Count(static (a, _) => (uint)BitOperations.PopCount(a)));
        Opcodes.Add("clz.{b32,b64}", Count(static (a, t) => (uint)(BitOperations.LeadingZeroCount(a) - 64 + (8 * t.Bytes))));
        Opcodes.Add("brev.{b32,b64}", Reverse);
        Opcodes.Add("prmt.b32", Permute);
        Opcodes.Add("lop3.b32", Lop3);
    }

    // A plain move; or packs {low, high} into a register; or unpacks a register into {low, high}.
    private static Action<Warp> Move(Site site)
    {
        site.Count(2);
        PtxType type = site.Type;
        bool packs = site[1].Kind == OperandKind.Vector, unpacks = site[0].Kind == OperandKind.Vector;
        if (!packs && !unpacks) return Lanes.Unary(site.Out(0, type), site.In(1, type), static a => a);
        int count = site[packs ? 1 : 0].Parts!.Count;
        if (type.Kind != Kind.Bits || count is not (2 or 4) || type.Bytes / count == 0) throw site.Fault($"cannot move {count} values");
        var part = new PtxType(Kind.Bits, type.Bytes / count);
        int bits = 8 * part.Bytes;
        if (packs)
        {
            int d = site.Out(0, type);
            int[] from = [.. site.Vector(1, count).Select(o => site.In(o, part))];
            return Lanes.Each((warp, lane) =>
            {
                ulong value = 0;
                for (int k = 0; k < from.Length; k++) value |= (warp.Registers[from[k] + lane] & part.Mask) << (k * bits);
                warp.Registers[d + lane] = value;
            });
        }
        int source = site.In(1, type);
        int[] to = [.. site.Vector(0, count).Select(o => site.Out(o, part))];
        return Lanes.Each((warp, lane) =>
        {
            ulong value = warp.Registers[source + lane];
            for (int k = 0; k < to.Length; k++) warp.Registers[to[k] + lane] = (value >> (k * bits)) & part.Mask;
        });
    }

    private static Func<Site, Action<Warp>> Binary(Func<ulong, ulong, ulong> f) => site =>
    {
        site.Count(3);
        PtxType type = site.Type;
        return Lanes.Binary(site.Out(0, type), site.In(1, type), site.In(2, type), f);
    };

    private static Func<Site, Action<Warp>> Count(Func<ulong, PtxType, ulong> f) => site =>
    {
        site.Count(2);
        PtxType type = site.Type;
        return Lanes.Unary(site.Out(0, PtxType.U32), site.In(1, type), a => f(a, type));
    };

    // The count of bits is a u32, whatever is shifted.
    private static Action<Warp> Shift(Site site, Func<ulong, ulong, PtxType, ulong> f)
    {
        site.Count(3);
        PtxType type = site.Type;
        return Lanes.Binary(site.Out(0, type), site.In(1, type), site.In(2, PtxType.U32), (a, n) => f(a, n, type) & type.Mask);
    }

    private static ulong Right(ulong a, ulong n, PtxType type)
    {
        uint bits = 8 * (uint)type.Bytes;
        if (type.Kind == Kind.Signed) return (ulong)(IntegerOpcodes.Signed(a, type) >> (int)Math.Min(n, bits - 1));
        return n >= bits ? 0 : a >> (int)n;
    }

    private static Action<Warp> Funnel(Site site)
    {
        site.Count(4);
        bool left = site.Has("l"), wrap = site.Has("wrap");
        return Lanes.Ternary(site.Out(0, PtxType.B32), site.In(1, PtxType.B32), site.In(2, PtxType.B32), site.In(3, PtxType.U32),
            (low, high, count) =>
        {
            int n = (int)(wrap ? count & 31 : Math.Min(count, 32));
            ulong both = high << 32 | low;
            return (left ? (n == 32 ? low : both << n >> 32) : n == 32 ? high : both >> n) & uint.MaxValue;
        });
    }

    private static Action<Warp> Extract(Site site)
    {
        site.Count(4);
        PtxType type = site.Type;
        int width = 8 * type.Bytes;
        return Lanes.Ternary(site.Out(0, type), site.In(1, type), site.In(2, PtxType.U32), site.In(3, PtxType.U32), (a, position, length) =>
        {
            int pos = (int)(position & 0xff), len = (int)(length & 0xff);
            if (len == 0) return 0;
            ulong field = pos >= width ? 0 : a >> pos;
            if (len < 64) field &= (1UL << len) - 1;
            bool negative = type.Kind == Kind.Signed && (a >> Math.Min(pos + len - 1, width - 1) & 1) != 0;
            int top = Math.Min(len, Math.Max(0, width - pos));
            if (negative && top < 64) field |= ulong.MaxValue << top;
            return field & type.Mask;
        });
    }

    private static Action<Warp> Insert(Site site)
    {
        site.Count(5);
        PtxType type = site.Type;
        int d = site.Out(0, type), f = site.In(1, type), g = site.In(2, type), p = site.In(3, PtxType.U32), l = site.In(4, PtxType.U32);
        return Lanes.Each((warp, lane) =>
        {
            ulong[] r = warp.Registers;
            int position = (int)(r[p + lane] & 0xff), length = (int)(r[l + lane] & 0xff);
            ulong mask = position >= 64 || length == 0 ? 0 : (length >= 64 ? ulong.MaxValue : (1UL << length) - 1) << position;
            ulong moved = position >= 64 ? 0 : r[f + lane] << position;
            r[d + lane] = ((moved & mask) | (r[g + lane] & ~mask)) & type.Mask;
        });
    }

    private static Action<Warp> Reverse(Site site)
    {
        site.Count(2);
        PtxType type = site.Type;
        int bits = 8 * type.Bytes;
        return Lanes.Unary(site.Out(0, type), site.In(1, type), a =>
        {
            ulong result = 0;
            for (int k = 0; k < bits; k++) result |= (a >> k & 1) << (bits - 1 - k);
            return result;
        });
    }

    // Four bytes chosen from eight by nibbles; a nibble's top bit spreads the byte's sign.
    private static Action<Warp> Permute(Site site)
    {
        site.Count(4);
        PtxType type = PtxType.B32;
        return Lanes.Ternary(site.Out(0, type), site.In(1, type), site.In(2, type), site.In(3, type), static (a, b, select) =>
        {
            ulong both = b << 32 | a, result = 0;
            for (int k = 0; k < 4; k++)
            {
                int nibble = (int)(select >> (4 * k)) & 15;
                ulong chosen = both >> (8 * (nibble & 7)) & 0xff;
                if (nibble > 7) chosen = chosen > 127 ? 0xffUL : 0;
                result |= chosen << (8 * k);
            }
            return result;
        });
    }

    private static Action<Warp> Lop3(Site site)
    {
        site.Count(5);
        PtxType type = PtxType.B32;
        if (site[4].Kind != OperandKind.Integer) throw site.Fault($"wants a number as its table, found {site[4]}");
        ulong table = site[4].Bits;
        return Lanes.Ternary(site.Out(0, type), site.In(1, type), site.In(2, type), site.In(3, type), (a, b, c) =>
        {
            ulong result = 0;
            for (int k = 0; k < 32; k++)
            {
                int index = (int)(((a >> k & 1) << 2) | ((b >> k & 1) << 1) | (c >> k & 1));
                result |= (table >> index & 1) << k;
            }
            return result;
        });
    }
}
