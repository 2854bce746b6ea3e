using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>A block of native memory that grows to the largest request and is reused; 64-byte aligned, contents undefined.</summary>
internal sealed unsafe class NativeScratch : IDisposable
{
    private const int Alignment = 64;
    private byte* _memory;
    private long _bytes;

    ~NativeScratch() => Free();

    /// <summary>Its size.</summary>
    public long Bytes => _bytes;

    /// <summary>The block, at least <paramref name="bytes"/> long. An earlier pointer is void.</summary>
    public byte* Reserve(long bytes)
    {
        if (bytes > _bytes)
        {
            Free();
            long rounded = checked(bytes + 4095) / 4096 * 4096;
            _memory = (byte*)NativeMemory.AlignedAlloc(checked((nuint)rounded), Alignment);
            _bytes = rounded;
        }
        return _memory;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _bytes = 0;
    }
}
