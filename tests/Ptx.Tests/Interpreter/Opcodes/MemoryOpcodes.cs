namespace Ptx.Tests.Interpreter;

/// <summary>Loads, stores, parameters, fences, and cp.async.</summary>
public static class MemoryOpcodes
{
    private const string Types = "{b8,u8,s8,b16,u16,s16,b32,u32,s32,b64,u64,s64,f32,f64}";
    private const string Order = "[.{volatile,relaxed.gpu,relaxed.cta,acquire.gpu,acquire.cta,weak}]";

    public static void Add()
    {
        const string Release = "[.{volatile,relaxed.gpu,relaxed.cta,release.gpu,release.cta,weak}]";
        Opcodes.Add($"ld{Order}[.{{global,shared,local,const}}][.{{ca,cg,cs,lu,cv}}][.{{v2,v4}}].{Types}", Load);
        Opcodes.Add($"ld.global[.{{ca,cg,cs}}].nc[.L1::no_allocate][.L2::128B][.{{v2,v4}}].{Types}", Load);
        Opcodes.Add($"st{Release}[.{{global,shared,local}}][.{{wb,cg,cs,wt}}][.{{v2,v4}}].{Types}", Store);
        Opcodes.Add($"ld.param.{Types}", LoadParameter);
        Opcodes.Add($"st.param.{Types}", StoreParameter);
        Opcodes.Add("membar.{cta,gl,sys}", Nothing);
        Opcodes.Add("fence[.{sc,acq_rel}].{cta,gpu,sys}", Nothing);
        Opcodes.Add("cp.async.{ca,cg}.shared.global[.L2::128B]", Begin);
        Opcodes.Add("cp.async.commit_group", static site =>
        {
            site.Count(0);
            return Lanes.Each(static (warp, lane) => warp.Async.Commit(lane));
        });
        Opcodes.Add("cp.async.wait_group", static site =>
        {
            site.Count(1);
            int newest = Number(site, 0);
            return Lanes.Each((warp, lane) => warp.Async.Wait(warp, lane, newest));
        });
        Opcodes.Add("cp.async.wait_all", static site =>
        {
            site.Count(0);
            return Lanes.Each(static (warp, lane) =>
            {
                warp.Async.Commit(lane);
                warp.Async.Wait(warp, lane, 0);
            });
        });
    }

    private static Action<Warp> Nothing(Site site)
    {
        site.Count(0);
        return static _ => { };
    }

    public static Space SpaceOf(Site site) =>
        site.Has("global") ? Space.Global : site.Has("shared") ? Space.Shared : site.Has("local") ? Space.Local
        : site.Has("const") ? Space.Const : Space.Generic;

    public static int Number(Site site, int k) =>
        site[k].Kind == OperandKind.Integer && site[k].Bits < int.MaxValue ? (int)site[k].Bits
            : throw site.Fault($"wants a number as operand {k + 1}, found {site[k]}");

    private static int Width(Site site) => site.Has("v4") ? 4 : site.Has("v2") ? 2 : 1;

    private static Action<Warp> Load(Site site)
    {
        site.Count(2);
        PtxType type = site.Type;
        int count = Width(site), bytes = type.Bytes, whole = count * bytes;
        if (whole > 16) throw site.Fault($"moves {whole} bytes, limit 16");
        Operand[] targets = count == 1 ? [site[0]] : [.. site.Vector(0, count)];
        int[] to = [.. targets.Select(o => site.Out(o, type, relaxed: true))];
        Space space = SpaceOf(site);
        (int address, ulong offset) = site.Address(1, space);
        bool readOnly = site.Has("nc");
        ulong mask = targets[0].Kind == OperandKind.Sink ? type.Mask : site.Entry.Slots[targets[0].Slot].Type.Mask;
        return Lanes.Each((warp, lane) =>
        {
            ulong at = warp.Registers[address + lane] + offset;
            Memory.CheckAlignment(at, whole);
            if (readOnly) warp.Block.Global.CheckUnwritten(at, whole);
            for (int k = 0; k < to.Length; k++)
            {
                ulong value = Memory.Load(warp, space, at + (ulong)(k * bytes), bytes);
                if (type.Kind == Kind.Signed) value = (ulong)IntegerOpcodes.Signed(value, type) & mask;
                warp.Registers[to[k] + lane] = value;
            }
        });
    }

    private static Action<Warp> Store(Site site)
    {
        site.Count(2);
        PtxType type = site.Type;
        int count = Width(site), bytes = type.Bytes, whole = count * bytes;
        if (whole > 16) throw site.Fault($"moves {whole} bytes, limit 16");
        Operand[] sources = count == 1 ? [site[1]] : [.. site.Vector(1, count)];
        int[] from = [.. sources.Select(o => site.In(o, type, relaxed: true))];
        Space space = SpaceOf(site);
        (int address, ulong offset) = site.Address(0, space);
        return Lanes.Each((warp, lane) =>
        {
            ulong at = warp.Registers[address + lane] + offset;
            Memory.CheckAlignment(at, whole);
            for (int k = 0; k < from.Length; k++) Memory.Store(warp, space, at + (ulong)(k * bytes), bytes, warp.Registers[from[k] + lane]);
        });
    }

    // The parameter block of the kernel, or the slot of a call's result.
    private static Action<Warp> LoadParameter(Site site)
    {
        site.Count(2);
        PtxType type = site.Type;
        int d = site.Out(site[0], type, relaxed: true);
        Operand address = site[1].Kind == OperandKind.Address ? site[1].Parts![0] : throw site.Fault($"wants an address, found {site[1]}");
        if (address.Kind == OperandKind.Register)
        {
            if (site[1].Bits != 0) throw site.Fault("reads past a call's result");
            return Lanes.Unary(d, site.In(address, type), static a => a);
        }
        Parameter parameter = site.Entry.Parameters.Find(p => p.Name == address.Text);
        if (parameter.Name == null) throw site.Fault($"knows no parameter {address}");
        long offset = (long)site[1].Bits;
        if (offset < 0 || offset + type.Bytes > parameter.Bytes)
        {
            throw site.Fault($"reads past {address}, which has {parameter.Bytes} bytes");
        }
        int at = parameter.Offset + (int)offset;
        return Lanes.Each((warp, lane) =>
        {
            ulong value = 0;
            for (int k = type.Bytes - 1; k >= 0; k--) value = value << 8 | warp.Block.Parameters[at + k];
            warp.Registers[d + lane] = value;
        });
    }

    private static Action<Warp> StoreParameter(Site site)
    {
        site.Count(2);
        PtxType type = site.Type;
        Operand address = site[0].Kind == OperandKind.Address ? site[0].Parts![0] : throw site.Fault($"wants an address, found {site[0]}");
        if (site[0].Bits != 0) throw site.Fault("writes past a call's parameter");
        return Lanes.Unary(site.Out(address, type), site.In(1, type), static a => a);
    }

    private static Action<Warp> Begin(Site site)
    {
        site.Count(3, 4);
        (int to, ulong toOffset) = site.Address(0, Space.Shared);
        (int from, ulong fromOffset) = site.Address(1, Space.Global);
        int bytes = Number(site, 2);
        if (bytes is not (4 or 8 or 16) || (site.Has("cg") && bytes != 16))
        {
            throw site.Fault($"cannot copy {bytes} bytes at once");
        }
        int read = site.Instruction.Operands.Count == 4 ? site.In(3, PtxType.U32) : 32 * site.Entry.Constant((ulong)bytes);
        return Lanes.Each((warp, lane) =>
        {
            ulong count = warp.Registers[read + lane];
            if (count > (ulong)bytes) throw new PtxException($"reads {count} bytes for a copy of {bytes}");
            warp.Async.Begin(warp, warp.Registers[to + lane] + toOffset, warp.Registers[from + lane] + fromOffset, bytes, (int)count);
        });
    }
}
