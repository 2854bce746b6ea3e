using System.Runtime.InteropServices;

namespace Ptx.Tests.Interpreter;

/// <summary>A piece of global memory: where kernels see it, where its bytes are, and the name that faults give it.</summary>
public sealed unsafe class Region(string name, ulong address, byte* bytes, long length)
{
    public readonly string Name = name;
    public readonly ulong Address = address;
    public readonly long Length = length;
    private readonly byte* _bytes = bytes;
    private bool[]? _written;

    public Span<byte> At(long offset, int count) => new(_bytes + offset, count);

    /// <summary>Marks bytes as written by the launch that runs.</summary>
    public void MarkWritten(long offset, int count) => (_written ??= new bool[Length]).AsSpan((int)offset, count).Fill(true);

    public bool IsWritten(long offset, int count) => _written != null && _written.AsSpan((int)offset, count).Contains(true);

    public void ForgetWrites() => _written = null;
}

/// <summary>Global memory as separate pieces, so that an access past one piece is seen.</summary>
public sealed unsafe class GlobalMemory
{
    /// <summary>Where tables of modules lie.</summary>
    public const ulong ModuleBase = 0xF2UL << 48;

    /// <summary>Where the generic addresses of shared memory begin.</summary>
    public const ulong SharedWindow = 0xF0UL << 48;

    /// <summary>Where the generic addresses of local memory begin.</summary>
    public const ulong LocalWindow = 0xF1UL << 48;

    private const ulong Gap = 1UL << 32;
    private readonly SortedList<ulong, Region> _regions = [];
    private readonly List<GCHandle> _pinned = [];
    private ulong _next = Gap;
    private Region? _last;

    /// <summary>Places an array at an address of this memory's choice, a multiple of 4 GB, and returns it.</summary>
    public ulong Add(string name, Array array)
    {
        ulong address = _next;
        _next += Gap;
        Add(name, address, array);
        return address;
    }

    /// <summary>Places an array at a given address.</summary>
    public void Add(string name, ulong address, Array array)
    {
        var pin = GCHandle.Alloc(array, GCHandleType.Pinned);
        _pinned.Add(pin);
        Map(name, address, (byte*)pin.AddrOfPinnedObject(), Buffer.ByteLength(array));
    }

    /// <summary>Places memory of the caller's at an address; pieces do not overlap.</summary>
    public void Map(string name, ulong address, byte* bytes, long length)
    {
        _regions.Add(address, new Region(name, address, bytes, length));
        _last = null;
    }

    public void Unmap(ulong address)
    {
        _regions.Remove(address);
        _last = null;
    }

    public bool Holds(ulong address) => _regions.ContainsKey(address);

    /// <summary>Forgets what earlier launches wrote.</summary>
    public void Begin()
    {
        foreach (Region region in _regions.Values) region.ForgetWrites();
    }

    /// <summary>The piece that holds all of [address, address + bytes), and the offset in it.</summary>
    public (Region Region, long Offset) Find(ulong address, int bytes)
    {
        if (_last == null || address < _last.Address || address - _last.Address >= (ulong)_last.Length)
        {
            int low = 0, high = _regions.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (_regions.GetKeyAtIndex(middle) <= address) low = middle + 1;
                else high = middle;
            }
            if (low == 0) throw new PtxException($"out of bounds: {bytes} bytes at 0x{address:x}, which is nobody's memory");
            _last = _regions.GetValueAtIndex(low - 1);
        }
        long offset = (long)(address - _last.Address);
        if (offset + bytes <= _last.Length) return (_last, offset);
        throw new PtxException(offset < (long)Gap / 2
            ? $"out of bounds: {bytes} bytes at offset {offset} of {_last.Name}, which has {_last.Length}"
            : $"out of bounds: {bytes} bytes at 0x{address:x}, which is nobody's memory");
    }

    /// <summary>A load through the read-only path (ld.global.nc, which clang takes for const __restrict__) must not see bytes that the same
    /// launch wrote.</summary>
    public void CheckUnwritten(ulong address, int bytes)
    {
        (Region region, long offset) = Find(address, bytes);
        if (region.IsWritten(offset, bytes)) throw new PtxException($"read-only load of bytes of {region.Name} that this launch wrote");
    }
}
