using System.Runtime.InteropServices;

namespace Engine.Tensors;

/// <summary>A block of native memory, 64-byte aligned. Freed by Dispose or, as the net, by its finalizer.</summary>
public sealed unsafe class NativeBlock : MemoryBlock
{
    /// <summary>Alignment of every block and tensor, in bytes: a cache line, and the widest vector.</summary>
    public const int Alignment = 64;

    private void* _pointer;

    /// <summary>Allocates.</summary>
    /// <param name="bytes">size in bytes, at least 0</param>
    /// <param name="zeroed">
    /// all zero, else undefined. The system's own zero pages cost nothing until they are written, so large blocks of which a part is never
    /// used cost that part nothing.
    /// </param>
    /// <exception cref="DwarfException">no memory (unavailable)</exception>
    public NativeBlock(long bytes, bool zeroed = false)
    {
        Bytes = bytes;
        try
        {
            _pointer = NativePages.Serve(Size) ? NativePages.Take(Size) : NativeMemory.AlignedAlloc(Size, Alignment);
        }
        catch (OutOfMemoryException)
        {
            _pointer = null;
        }

        if (_pointer is null)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"memory: {bytes} bytes are not available");
        }

        if (zeroed && !NativePages.Serve(Size))
        {
            NativeMemory.Clear(_pointer, Size);
        }

        GC.AddMemoryPressure((long)Size);
    }

    /// <summary>The net for blocks that nobody disposed.</summary>
    ~NativeBlock() => Free();

    /// <summary>Size in bytes.</summary>
    public override long Bytes { get; }

    /// <summary>The first byte.</summary>
    public override byte* Pointer => (byte*)_pointer;

    /// <inheritdoc/>
    public override MemorySpace? Space => null;

    private nuint Size => (nuint)Math.Max(Bytes, Alignment);

    /// <inheritdoc/>
    protected override void Free()
    {
        if (_pointer is not null)
        {
            if (NativePages.Serve(Size))
            {
                NativePages.Free(_pointer, Size);
            }
            else
            {
                NativeMemory.AlignedFree(_pointer);
            }

            _pointer = null;
            GC.RemoveMemoryPressure((long)Size);
        }
    }
}
