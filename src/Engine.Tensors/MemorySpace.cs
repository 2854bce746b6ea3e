namespace Engine.Tensors;

/// <summary>Memory that the host cannot read through a pointer: a device's. Host memory has no space (null).</summary>
public abstract unsafe class MemorySpace
{
    /// <summary>The device's name, for messages: cuda:0, emulated.</summary>
    public abstract string Name { get; }

    /// <summary>A new block; content undefined.</summary>
    /// <param name="bytes">size in bytes, at least 0</param>
    /// <returns>the block</returns>
    /// <exception cref="DwarfException">no memory (unavailable)</exception>
    public abstract MemoryBlock Allocate(long bytes);

    /// <summary>Host to device, in the order of the device's work. The source may be written again when this returns.</summary>
    /// <param name="destination">device memory</param>
    /// <param name="source">host memory</param>
    /// <param name="bytes">size in bytes</param>
    public abstract void CopyFromHost(void* destination, void* source, long bytes);

    /// <summary>Device to host, after all work that was given to the device before; waits for it.</summary>
    /// <param name="destination">host memory</param>
    /// <param name="source">device memory</param>
    /// <param name="bytes">size in bytes</param>
    public abstract void CopyToHost(void* destination, void* source, long bytes);

    /// <summary>Within the device, in the order of its work.</summary>
    /// <param name="destination">device memory</param>
    /// <param name="source">device memory</param>
    /// <param name="bytes">size in bytes</param>
    public abstract void Copy(void* destination, void* source, long bytes);

    /// <summary>Sets bytes to zero, in the order of the device's work.</summary>
    /// <param name="destination">device memory</param>
    /// <param name="bytes">size in bytes</param>
    public abstract void Clear(void* destination, long bytes);
}

/// <summary>A block of memory, of the host or of a device. Freed by Dispose or, as the net, by its finalizer.</summary>
public abstract unsafe class MemoryBlock : IDisposable
{
    /// <summary>Size in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>The first byte, in the block's space.</summary>
    public abstract byte* Pointer { get; }

    /// <summary>Where it lies; null: in host memory.</summary>
    public abstract MemorySpace? Space { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the memory back; may be called more than once.</summary>
    protected abstract void Free();
}
