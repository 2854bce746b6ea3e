namespace Ptx.Tests.Interpreter;

/// <summary>Atomic operations; blocks and warps take turns here, so each is one load and one store.</summary>
public static class AtomicOpcodes
{
    private const string Head = "atom[.{relaxed,acquire,release,acq_rel}][.{cta,gpu,sys}][.{global,shared}]";

    public static void Add()
    {
        Opcodes.Add($"{Head}.add.{{u32,s32,u64}}", static site => Atomic(site, static (old, b, _) => old + b));
        Opcodes.Add($"{Head}.add.{{f32,f64}}", static site => Atomic(site, static (old, b, t) => t.Bytes == 4
            ? FloatOpcodes.Bits(FloatOpcodes.F32(old) + FloatOpcodes.F32(b))
            : FloatOpcodes.Bits(FloatOpcodes.F64(old) + FloatOpcodes.F64(b))));
        Opcodes.Add($"{Head}.exch.{{b32,b64}}", static site => Atomic(site, static (_, b, _) => b));
        Opcodes.Add($"{Head}.and.{{b32,b64}}", static site => Atomic(site, static (old, b, _) => old & b));
        Opcodes.Add($"{Head}.or.{{b32,b64}}", static site => Atomic(site, static (old, b, _) => old | b));
        Opcodes.Add($"{Head}.xor.{{b32,b64}}", static site => Atomic(site, static (old, b, _) => old ^ b));
        Opcodes.Add($"{Head}.min.{{u32,s32,u64,s64}}", static site =>
            Atomic(site, static (old, b, t) => IntegerOpcodes.Less(old, b, t) ? old : b));
        Opcodes.Add($"{Head}.max.{{u32,s32,u64,s64}}", static site =>
            Atomic(site, static (old, b, t) => IntegerOpcodes.Less(old, b, t) ? b : old));
        Opcodes.Add($"{Head}.inc.u32", static site => Atomic(site, static (old, b, _) => old >= b ? 0 : old + 1));
        Opcodes.Add($"{Head}.dec.u32", static site => Atomic(site, static (old, b, _) => old == 0 || old > b ? b : old - 1));
        Opcodes.Add($"{Head}.cas.{{b32,b64}}", Swap);
    }

    private static Action<Warp> Atomic(Site site, Func<ulong, ulong, PtxType, ulong> f)
    {
        site.Count(3);
        PtxType type = site.Type;
        Space space = MemoryOpcodes.SpaceOf(site);
        int d = site.Out(0, type), b = site.In(2, type);
        (int address, ulong offset) = site.Address(1, space);
        return Lanes.Each((warp, lane) =>
        {
            ulong at = warp.Registers[address + lane] + offset, old = Memory.Load(warp, space, at, type.Bytes);
            Memory.Store(warp, space, at, type.Bytes, f(old, warp.Registers[b + lane], type) & type.Mask);
            warp.Registers[d + lane] = old;
        });
    }

    private static Action<Warp> Swap(Site site)
    {
        site.Count(4);
        PtxType type = site.Type;
        Space space = MemoryOpcodes.SpaceOf(site);
        int d = site.Out(0, type), compare = site.In(2, type), value = site.In(3, type);
        (int address, ulong offset) = site.Address(1, space);
        return Lanes.Each((warp, lane) =>
        {
            ulong at = warp.Registers[address + lane] + offset, old = Memory.Load(warp, space, at, type.Bytes);
            if (old == warp.Registers[compare + lane]) Memory.Store(warp, space, at, type.Bytes, warp.Registers[value + lane]);
            warp.Registers[d + lane] = old;
        });
    }
}
