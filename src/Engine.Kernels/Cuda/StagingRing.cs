using System.Numerics;

namespace Engine.Kernels;

/// <summary>A piece of pinned memory through which an upload goes, and the event that says when the copy has read it.</summary>
internal sealed class StagingSlot(PinnedMemory memory, CudaEvent copied, int sizeClass) : IDisposable
{
    public PinnedMemory Memory { get; } = memory;

    public CudaEvent Copied { get; } = copied;

    public int SizeClass { get; } = sizeClass;

    /// <summary>Whether a copy from it was queued and has not been seen to end.</summary>
    public bool Pending { get; set; }

    public void Dispose()
    {
        Copied.Dispose();
        Memory.Dispose();
    }
}

/// <summary>
/// Pinned memory for uploads, by powers of two. It grows while uploads run ahead of the device, up to a limit; then the oldest is waited
/// for.
/// </summary>
internal sealed class StagingRing(CudaContext context, string device) : IDisposable
{
    /// <summary>The largest piece; longer uploads go in pieces.</summary>
    public const long PieceBytes = 8L << 20;

    private const int SmallestClass = 12;   // 4 KiB
    private readonly Queue<StagingSlot>[] _slots = NewClasses();

    /// <summary>A piece that no queued copy reads any more. Give it back by <see cref="Return"/>, or keep it for a graph.</summary>
    /// <param name="bytes">1 to <see cref="PieceBytes"/></param>
    public StagingSlot Take(long bytes)
    {
        int sizeClass = Math.Max(BitOperations.Log2((ulong)bytes - 1) + 1, SmallestClass);
        sizeClass = bytes <= 1L << SmallestClass ? SmallestClass : sizeClass;
        var queue = _slots[sizeClass];
        if (queue.TryPeek(out var oldest) && IsFree(oldest))
        {
            return queue.Dequeue();
        }
        int limit = sizeClass >= 20 ? 4 : 32;
        if (queue.Count >= limit)
        {
            CudaErrors.Check(CudaDriver.cuEventSynchronize(oldest!.Copied.Value), device, "waiting for an upload");
            oldest.Pending = false;
            return queue.Dequeue();
        }
        return new StagingSlot(new PinnedMemory(context, device, 1L << sizeClass), new CudaEvent(context, device), sizeClass);
    }

    /// <summary>Gives a piece back, behind those that were queued before.</summary>
    public void Return(StagingSlot slot) => _slots[slot.SizeClass].Enqueue(slot);

    public void Dispose()
    {
        foreach (var queue in _slots)
        {
            while (queue.TryDequeue(out var slot))
            {
                slot.Dispose();
            }
        }
    }

    private bool IsFree(StagingSlot slot)
    {
        if (slot.Pending)
        {
            var status = CudaDriver.cuEventQuery(slot.Copied.Value);
            if (status == CUresult.CUDA_ERROR_NOT_READY)
            {
                return false;
            }
            CudaErrors.Check(status, device, "asking after an upload");
            slot.Pending = false;
        }
        return true;
    }

    private static Queue<StagingSlot>[] NewClasses()
    {
        var classes = new Queue<StagingSlot>[BitOperations.Log2((ulong)PieceBytes) + 1];
        for (int i = 0; i < classes.Length; i++)
        {
            classes[i] = new Queue<StagingSlot>();
        }
        return classes;
    }
}
