namespace Ptx.Tests.Interpreter;

/// <summary>Branches, exits, calls and the block's barrier.</summary>
public static class ControlOpcodes
{
    public static void Add()
    {
        Opcodes.Add("bra[.uni]", static site =>
        {
            site.Count(1);
            int target = Target(site, site[0].Text);
            return Lanes.Each((warp, lane) => warp.Jump(lane, target));
        });
        Opcodes.Add("brx.idx[.uni]", Table);
        Opcodes.Add("{ret,exit}[.uni]", static site =>
        {
            site.Count(0);
            return static warp => warp.Leave(warp.Active);
        });
        Opcodes.Add("trap", static site =>
        {
            site.Count(0);
            return static _ => throw new PtxException("the kernel traps");
        });
        Opcodes.Add("call[.uni]", Call);
        Opcodes.Add("{bar,barrier}.sync[.aligned]", static site =>
        {
            site.Count(1);
            int barrier = MemoryOpcodes.Number(site, 0);
            return warp => warp.Wait(barrier);
        });
        Opcodes.Add("{bar,barrier}[.cta].red.popc[.aligned].u32", static site => Reduce(site, PtxType.U32));
        Opcodes.Add("{bar,barrier}[.cta].red.{and,or}[.aligned].pred", static site => Reduce(site, PtxType.Predicate));
    }

    private static int Target(Site site, string label) =>
        site.Entry.Labels.TryGetValue(label, out int target) ? target : throw site.Fault($"knows no label {label}");

    private static Action<Warp> Table(Site site)
    {
        site.Count(2);
        int index = site.In(0, PtxType.U32);
        if (!site.Entry.Tables.TryGetValue(site[1].Text, out var labels)) throw site.Fault($"knows no table {site[1]}");
        int[] targets = [.. labels.Select(label => Target(site, label))];
        return Lanes.Each((warp, lane) =>
        {
            ulong k = warp.Registers[index + lane];
            if (k >= (ulong)targets.Length) throw new PtxException($"branch {k} of {targets.Length}");
            warp.Jump(lane, targets[k]);
        });
    }

    // call (result), name, (arguments): only mathematical functions are called, everything else is inlined.
    private static Action<Warp> Call(Site site)
    {
        site.Count(3);
        if (site[0].Kind != OperandKind.List || site[0].Parts!.Count != 1 || site[2].Kind != OperandKind.List)
        {
            throw site.Fault("wants (result), name, (arguments)");
        }
        (PtxType type, Func<double, double, double> f) = External.Find(site[1].Text);
        int d = site.Out(site[0].Parts![0], type);
        int[] x = [.. site[2].Parts!.Select(o => site.In(o, type))];
        return Lanes.Each((warp, lane) =>
        {
            ulong a = warp.Registers[x[0] + lane], b = x.Length > 1 ? warp.Registers[x[1] + lane] : 0;
            warp.Registers[d + lane] = type.Bytes == 4 ? FloatOpcodes.Bits((float)f(FloatOpcodes.F32(a), FloatOpcodes.F32(b)))
                : FloatOpcodes.Bits(f(FloatOpcodes.F64(a), FloatOpcodes.F64(b)));
        });
    }

    private static Action<Warp> Reduce(Site site, PtxType type)
    {
        site.Count(3);
        string kind = site.Has("popc") ? "popc" : site.Has("and") ? "and" : "or";
        int d = site.Out(0, type) / 32, barrier = MemoryOpcodes.Number(site, 1), predicate = site.In(2, PtxType.Predicate) / 32;
        return warp =>
        {
            warp.Block.Reduce(warp, warp.Active, d, predicate, kind);
            warp.Wait(barrier);
        };
    }
}
