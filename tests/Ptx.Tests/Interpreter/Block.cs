using System.Numerics;

namespace Ptx.Tests.Interpreter;

public readonly record struct Size3(uint X, uint Y = 1, uint Z = 1)
{
    public long Count => (long)X * Y * Z;
}

/// <summary>A running block: its warps, its shared memory (with a mark for each byte that was written) and its barrier.</summary>
public sealed class Block
{
    private readonly Warp[] _warps;
    private readonly List<(Warp Warp, uint Lanes, int Destination, int Predicate, string Kind)> _reductions = [];

    public readonly Entry Entry;
    public readonly GlobalMemory Global;
    public readonly byte[] Parameters;
    public readonly Size3 Grid, Size, Index;
    public readonly byte[] Shared;
    public readonly bool[] SharedKnown;
    public long Budget;

    public Block(Entry entry, GlobalMemory global, byte[] parameters, Size3 grid, Size3 size, Size3 index, int dynamicShared, long budget)
    {
        (Entry, Global, Parameters, Grid, Size, Index, Budget) = (entry, global, parameters, grid, size, index, budget);
        int shared = dynamicShared == 0 ? entry.StaticShared : ((entry.StaticShared + 15) / 16 * 16) + dynamicShared;
        Shared = new byte[shared];
        Array.Fill(Shared, (byte)0xff);
        SharedKnown = new bool[shared];
        int threads = (int)size.Count;
        _warps = new Warp[(threads + 31) / 32];
        for (int k = 0; k < _warps.Length; k++) _warps[k] = new Warp(this, k, Math.Min(32, threads - (32 * k)));
    }

    public (uint X, uint Y, uint Z) Thread(int number) =>
        ((uint)number % Size.X, (uint)number / Size.X % Size.Y, (uint)number / (Size.X * Size.Y));

    /// <summary>Runs all warps to their end, one after the other up to each barrier; in descending order if asked.</summary>
    public void Run(bool descending)
    {
        while (true)
        {
            for (int k = 0; k < _warps.Length; k++) _warps[descending ? _warps.Length - 1 - k : k].Run();
            if (Array.TrueForAll(_warps, static w => w.Live == 0)) return;
            Release();
        }
    }

    /// <summary>A lane's contribution to bar.red: the result is written when the barrier opens.</summary>
    public void Reduce(Warp warp, uint lanes, int destination, int predicate, string kind) =>
        _reductions.Add((warp, lanes, destination, predicate, kind));

    // Every live thread has arrived: a warp's Run returns only then, or faults.
    private void Release()
    {
        int first = -1;
        foreach (Warp warp in _warps)
        {
            if (warp.Live == 0) continue;
            if (first < 0) first = warp.Barrier;
            if (warp.Barrier != first) throw new PtxException($"warps wait at different barriers, {first} and {warp.Barrier}");
        }
        int set = 0, all = 0;
        foreach (var (warp, lanes, _, predicate, _) in _reductions)
        {
            all += BitOperations.PopCount(lanes);
            for (int lane = 0; lane < 32; lane++)
            {
                if ((lanes >> lane & 1) != 0 && warp.Registers[(predicate * 32) + lane] != 0) set++;
            }
        }
        foreach (var (warp, lanes, destination, _, kind) in _reductions)
        {
            ulong result = kind switch
            {
                "popc" => (ulong)set,
                "and" => set == all ? 1UL : 0,
                _ => set > 0 ? 1UL : 0,
            };
            for (int lane = 0; lane < 32; lane++)
            {
                if ((lanes >> lane & 1) != 0) warp.Registers[(destination * 32) + lane] = result;
            }
        }
        _reductions.Clear();
        foreach (Warp warp in _warps) warp.Open();
    }
}
