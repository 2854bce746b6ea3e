namespace Ptx.Tests.Interpreter;

/// <summary>The cp.async copies of a warp's lanes. Bytes land as late as the ISA allows: when their thread waits for their group.</summary>
public sealed class AsyncCopies
{
    private readonly record struct Copy(ulong From, int To, int Bytes, int Filled);

    private readonly List<Copy>[] _open = new List<Copy>[32];
    private readonly Queue<List<Copy>>[] _groups = new Queue<List<Copy>>[32];

    /// <summary>Begins a copy of `read` bytes to shared memory, zero-filled to `bytes`. The target is unreadable until it lands.</summary>
    public void Begin(Warp warp, ulong to, ulong from, int bytes, int read)
    {
        Memory.CheckAlignment(to, bytes);
        Memory.CheckAlignment(from, bytes);
        int at = Memory.Shared(warp, to, bytes);
        Array.Fill(warp.Block.SharedKnown, false, at, bytes);
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
                Span<byte> target = warp.Block.Shared.AsSpan(copy.To, copy.Filled);
                target.Clear();
                if (copy.Bytes > 0)
                {
                    (Region region, long offset) = warp.Block.Global.Find(copy.From, copy.Bytes);
                    region.At(offset, copy.Bytes).CopyTo(target);
                }
                Array.Fill(warp.Block.SharedKnown, true, copy.To, copy.Filled);
            }
        }
    }
}
