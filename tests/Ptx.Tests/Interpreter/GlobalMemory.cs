namespace Ptx.Tests.Interpreter;

/// <summary>A piece of global memory: where it begins, its bytes, the name that faults give it.</summary>
public sealed record Region(string Name, ulong Address, byte[] Bytes)
{
    /// <summary>Marks of the bytes that a launch has written.</summary>
    public readonly bool[] Written = new bool[Bytes.Length];
}

/// <summary>Global memory as separate pieces with gaps between them, so that an access past one piece is seen.</summary>
public sealed class GlobalMemory
{
    /// <summary>Where tables of modules lie.</summary>
    public const ulong ModuleBase = 0xF2UL << 48;

    /// <summary>Where the generic addresses of shared memory begin.</summary>
    public const ulong SharedWindow = 0xF0UL << 48;

    /// <summary>Where the generic addresses of local memory begin.</summary>
    public const ulong LocalWindow = 0xF1UL << 48;

    private const ulong Gap = 1UL << 32;
    private readonly List<Region> _regions = [];
    private ulong _next = Gap;
    private Region? _last;

    /// <summary>The pieces, in the order in which they came.</summary>
    public IReadOnlyList<Region> Regions => _regions;

    /// <summary>Places bytes at an address of this memory's choice, aligned to 4 GB, and returns it.</summary>
    public ulong Add(string name, byte[] bytes)
    {
        ulong address = _next;
        _next += Gap + ((ulong)bytes.Length / Gap * Gap);
        Map(name, address, bytes);
        return address;
    }

    /// <summary>Places bytes at a given address; pieces must not overlap.</summary>
    public void Map(string name, ulong address, byte[] bytes)
    {
        foreach (Region region in _regions)
        {
            if (address < region.Address + (ulong)region.Bytes.Length && region.Address < address + (ulong)bytes.Length)
            {
                throw new ArgumentException($"{name} overlaps {region.Name}");
            }
        }
        _regions.Add(new Region(name, address, bytes));
    }

    /// <summary>The piece that holds all of [address, address + bytes), and the offset in it.</summary>
    public (Region Region, int Offset) Find(ulong address, int bytes)
    {
        if (_last != null && Inside(_last, address, bytes)) return (_last, (int)(address - _last.Address));
        Region? nearest = null;
        foreach (Region region in _regions)
        {
            if (Inside(region, address, bytes))
            {
                _last = region;
                return (region, (int)(address - region.Address));
            }
            if (nearest == null || Distance(region, address) < Distance(nearest, address)) nearest = region;
        }
        throw new PtxException(nearest != null && Distance(nearest, address) < Gap / 2
            ? $"out of bounds: {bytes} bytes at offset {(long)(address - nearest.Address)} of {nearest.Name}, which has {nearest.Bytes.Length}"
            : $"out of bounds: {bytes} bytes at 0x{address:x}, which is nobody's memory");
    }

    /// <summary>A load through the read-only path (ld.global.nc, which clang takes for const __restrict__) must not see bytes that the same
    /// launch wrote.</summary>
    public void CheckUnwritten(ulong address, int bytes)
    {
        (Region region, int offset) = Find(address, bytes);
        if (region.Written.AsSpan(offset, bytes).Contains(true)) throw new PtxException($"read-only load of bytes of {region.Name} that this launch wrote");
    }

    private static bool Inside(Region region, ulong address, int bytes) =>
        address >= region.Address && address - region.Address + (ulong)bytes <= (ulong)region.Bytes.Length;

    private static ulong Distance(Region region, ulong address) =>
        address >= region.Address ? address - region.Address : region.Address - address;
}
