using System.Numerics;

namespace Ptx.Tests.Interpreter;

/// <summary>What a warp does together: shuffles, votes, its barrier. Each waits until all lanes of its mask stand at it.</summary>
public static class WarpOpcodes
{
    public static void Add()
    {
        Opcodes.Add("shfl.sync.{up,down,bfly,idx}.b32", Shuffle);
        Opcodes.Add("vote.sync.ballot.b32", static site => Vote(site, PtxType.B32));
        Opcodes.Add("vote.sync.{any,all,uni}.pred", static site => Vote(site, PtxType.Predicate));
        Opcodes.Add("bar.warp.sync", static site =>
        {
            site.Count(1);
            Mask(site, site.In(0, PtxType.B32));
            return static _ => { };
        });
        Opcodes.Add("activemask.b32", static site =>
        {
            site.Count(1);
            int d = site.Out(0, PtxType.B32);
            return Lanes.Each((warp, lane) => warp.Registers[d + lane] = warp.Active);
        });
    }

    private static void Mask(Site site, int mask) => site.Instruction.Members = (warp, lane) => (uint)warp.Registers[mask + lane];

    // PTX ISA, shfl.sync: c holds the clamp value (bits 0-4) and the segment mask (bits 8-12).
    private static Action<Warp> Shuffle(Site site)
    {
        site.Count(5);
        string mode = site.Parts[2];
        bool pair = site[0].Kind == OperandKind.Pair;
        int d = site.Out(pair ? site[0].Parts![0] : site[0], PtxType.B32);
        int inside = pair ? site.Out(site[0].Parts![1], PtxType.Predicate) : 32 * site.Entry.AddSlot("_", PtxType.Predicate);
        int a = site.In(1, PtxType.B32), b = site.In(2, PtxType.B32), c = site.In(3, PtxType.B32);
        Mask(site, site.In(4, PtxType.B32));
        return warp =>
        {
            ulong[] r = warp.Registers;
            Span<ulong> values = stackalloc ulong[32];
            Span<bool> valid = stackalloc bool[32];
            for (uint m = warp.Active; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m), by = (int)(r[b + lane] & 31), clamp = (int)(r[c + lane] & 31),
                    segment = (int)(r[c + lane] >> 8 & 31);
                int most = (lane & segment) | (clamp & ~segment), least = lane & segment;
                int from = mode switch
                {
                    "up" => lane - by,
                    "down" => lane + by,
                    "bfly" => lane ^ by,
                    _ => least | (by & ~segment),
                };
                valid[lane] = mode == "up" ? from >= most : from <= most;
                if (!valid[lane]) from = lane;
                warp.Lane = lane;
                if ((warp.Active >> from & 1) == 0) throw new PtxException($"lane {lane} reads from lane {from}, which does not take part");
                values[lane] = r[a + from];
            }
            for (uint m = warp.Active; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                r[d + lane] = values[lane];
                r[inside + lane] = valid[lane] ? 1UL : 0;
            }
        };
    }

    private static Action<Warp> Vote(Site site, PtxType type)
    {
        site.Count(3);
        int d = site.Out(0, type), a = site.In(1, PtxType.Predicate);
        Mask(site, site.In(2, PtxType.B32));
        string mode = site.Parts[2];
        return warp =>
        {
            uint votes = 0;
            for (uint m = warp.Active; m != 0; m &= m - 1)
            {
                int lane = BitOperations.TrailingZeroCount(m);
                if (warp.Registers[a + lane] != 0) votes |= 1u << lane;
            }
            ulong result = mode switch
            {
                "ballot" => votes,
                "any" => votes != 0 ? 1UL : 0,
                "all" => votes == warp.Active ? 1UL : 0,
                _ => votes == warp.Active || votes == 0 ? 1UL : 0,
            };
            for (uint m = warp.Active; m != 0; m &= m - 1) warp.Registers[d + BitOperations.TrailingZeroCount(m)] = result;
        };
    }
}
