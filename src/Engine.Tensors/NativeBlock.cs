using System.Runtime.InteropServices;

namespace Engine.Tensors;

/// <summary>A block of native memory, 64-byte aligned. Freed by Dispose or, as the net, by its finalizer.</summary>
public sealed unsafe class NativeBlock : MemoryBlock
{
    /// <summary>Alignment of every block and tensor, in bytes: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;

    private void* _pointer;

    /// <summary>Allocates; the content is undefined.</summary>
    /// <param name="bytes">size in bytes, at least 0</param>
    /// <exception cref="DwarfException">no memory (unavailable)</exception>
    public NativeBlock(long bytes)
    {
        Bytes = bytes;
        try
        {
            _pointer = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, Alignment), Alignment);
        }
        catch (OutOfMemoryException error)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"memory: {bytes} bytes are not available", error);
        }

        GC.AddMemoryPressure(Math.Max(bytes, Alignment));
    }

    /// <summary>The net for blocks that nobody disposed.</summary>
    ~NativeBlock() => Free();

    /// <summary>Size in bytes.</summary>
    public override long Bytes { get; }

    /// <summary>The first byte.</summary>
    public override byte* Pointer => (byte*)_pointer;

    /// <inheritdoc/>
    public override MemorySpace? Space => null;

    /// <inheritdoc/>
    protected override void Free()
    {
        if (_pointer is not null)
        {
            NativeMemory.AlignedFree(_pointer);
            _pointer = null;
            GC.RemoveMemoryPressure(Math.Max(Bytes, Alignment));
        }
    }
}
