namespace Ptx.Tests.Interpreter;

/// <summary>Loads and stores of single values, with every check: bounds, alignment, shared bytes that nobody wrote.</summary>
public static class Memory
{
    public static ulong Load(Warp warp, Space space, ulong address, int bytes)
    {
        (byte[] memory, int at, bool[]? marks) = Resolve(warp, space, address, bytes);
        if (marks != null && memory == warp.Block.Shared)
        {
            for (int k = 0; k < bytes; k++)
            {
                if (!marks[at + k]) throw new PtxException($"uninitialised shared memory is read, byte {at + k}");
            }
        }
        ulong value = 0;
        for (int k = bytes - 1; k >= 0; k--) value = value << 8 | memory[at + k];
        return value;
    }

    public static void Store(Warp warp, Space space, ulong address, int bytes, ulong value)
    {
        (byte[] memory, int at, bool[]? marks) = Resolve(warp, space, address, bytes);
        for (int k = 0; k < bytes; k++)
        {
            memory[at + k] = (byte)(value >> (8 * k));
            if (marks != null) marks[at + k] = true;
        }
    }

    /// <summary>An access of several values must be aligned as a whole.</summary>
    public static void CheckAlignment(ulong address, int bytes)
    {
        if (address % (ulong)bytes != 0) throw new PtxException($"misaligned: {bytes} bytes at 0x{address:x}");
    }

    /// <summary>The array behind an address, the index in it, and the marks of written bytes.</summary>
    public static (byte[] Memory, int At, bool[]? Marks) Resolve(Warp warp, Space space, ulong address, int bytes)
    {
        CheckAlignment(address, bytes);
        if (space is Space.Generic)
        {
            ulong window = address >> 48 << 48;
            if (window == GlobalMemory.SharedWindow) (space, address) = (Space.Shared, address - window);
            else if (window == GlobalMemory.LocalWindow) (space, address) = (Space.Local, address - window);
        }
        Block block = warp.Block;
        switch (space)
        {
            case Space.Shared:
                if (address + (ulong)bytes > (ulong)block.Shared.Length || address + (ulong)bytes < address)
                {
                    throw new PtxException($"out of bounds: {bytes} bytes at {(long)address} of shared memory, of which the block has {block.Shared.Length}");
                }
                return (block.Shared, (int)address, block.SharedKnown);
            case Space.Local:
                if (address + (ulong)bytes > (ulong)block.Entry.LocalBytes) throw new PtxException($"out of bounds: {bytes} bytes at {address} of local memory");
                return (warp.Local[warp.Lane], (int)address, null);
            default:
                (Region region, int offset) = block.Global.Find(address, bytes);
                return (region.Bytes, offset, region.Written);
        }
    }
}

/// <summary>The cp.async copies of a warp's lanes. Bytes land as late as the ISA allows: when their thread waits for their group.</summary>
public sealed class AsyncCopies
{
    private readonly record struct Copy(ulong From, int To, int Bytes, int Filled);

    private readonly List<Copy>[] _open = new List<Copy>[32];
    private readonly Queue<List<Copy>>[] _groups = new Queue<List<Copy>>[32];

    /// <summary>Begins a copy of `read` bytes to shared memory, zero-filled to `bytes`. The target is unreadable until it lands.</summary>
    public void Begin(Warp warp, ulong to, ulong from, int bytes, int read)
    {
        (_, int at, bool[]? known) = Memory.Resolve(warp, Space.Shared, to, bytes);
        Array.Fill(known!, false, at, bytes);
        Memory.CheckAlignment(from, bytes);
        if (read > 0) warp.Block.Global.Find(from, read);
        (_open[warp.Lane] ??= []).Add(new Copy(from, at, read, bytes));
    }

    public void Commit(int lane)
    {
        (_groups[lane] ??= new Queue<List<Copy>>()).Enqueue(_open[lane] ?? []);
        _open[lane] = [];
    }

    /// <summary>Lands all of a lane's groups but the newest ones.</summary>
    public void Wait(Warp warp, int lane, int newest)
    {
        while (_groups[lane] is { } groups && groups.Count > newest)
        {
            foreach (Copy copy in groups.Dequeue())
            {
                Array.Clear(warp.Block.Shared, copy.To, copy.Filled);
                if (copy.Bytes > 0)
                {
                    (Region region, int offset) = warp.Block.Global.Find(copy.From, copy.Bytes);
                    Array.Copy(region.Bytes, offset, warp.Block.Shared, copy.To, copy.Bytes);
                }
                Array.Fill(warp.Block.SharedKnown, true, copy.To, copy.Filled);
            }
        }
    }
}
