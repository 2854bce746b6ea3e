using System.Buffers.Binary;

namespace Ptx.Tests.Interpreter;

/// <summary>Loads and stores of single values, with every check: bounds, alignment, shared bytes that nobody wrote.</summary>
public static class Memory
{
    public static ulong Load(Warp warp, Space space, ulong address, int bytes)
    {
        CheckAlignment(address, bytes);
        Locate(ref space, ref address);
        switch (space)
        {
            case Space.Shared:
                int at = Shared(warp, address, bytes);
                int gap = warp.Block.SharedKnown.AsSpan(at, bytes).IndexOf(false);
                if (gap >= 0) throw new PtxException($"uninitialised shared memory is read, byte {at + gap}");
                return Read(warp.Block.Shared.AsSpan(at, bytes));
            case Space.Local:
                return Read(Local(warp, address, bytes));
            default:
                (Region region, long offset) = warp.Block.Global.Find(address, bytes);
                return Read(region.At(offset, bytes));
        }
    }

    public static void Store(Warp warp, Space space, ulong address, int bytes, ulong value)
    {
        CheckAlignment(address, bytes);
        Locate(ref space, ref address);
        switch (space)
        {
            case Space.Shared:
                int at = Shared(warp, address, bytes);
                warp.Block.SharedKnown.AsSpan(at, bytes).Fill(true);
                Write(warp.Block.Shared.AsSpan(at, bytes), value);
                break;
            case Space.Local:
                Write(Local(warp, address, bytes), value);
                break;
            default:
                (Region region, long offset) = warp.Block.Global.Find(address, bytes);
                region.MarkWritten(offset, bytes);
                Write(region.At(offset, bytes), value);
                break;
        }
    }

    /// <summary>An access of several values must be aligned as a whole.</summary>
    public static void CheckAlignment(ulong address, int bytes)
    {
        if (address % (ulong)bytes != 0) throw new PtxException($"misaligned: {bytes} bytes at 0x{address:x}");
    }

    /// <summary>The index into the block's shared memory.</summary>
    public static int Shared(Warp warp, ulong address, int bytes)
    {
        ulong size = (ulong)warp.Block.Shared.Length;
        if (address > size || address + (ulong)bytes > size)
        {
            throw new PtxException($"out of bounds: {bytes} bytes at {(long)address} of shared memory, of which the block has {size}");
        }
        return (int)address;
    }

    private static Span<byte> Local(Warp warp, ulong address, int bytes)
    {
        int size = warp.Block.Entry.LocalBytes;
        if (address > (ulong)size || address + (ulong)bytes > (ulong)size)
        {
            throw new PtxException($"out of bounds: {bytes} bytes at {(long)address} of local memory, of which a thread has {size}");
        }
        return warp.Local[warp.Lane].AsSpan((int)address, bytes);
    }

    // A generic address says by its window what it means.
    private static void Locate(ref Space space, ref ulong address)
    {
        if (space != Space.Generic) return;
        ulong window = address >> 48 << 48;
        if (window == GlobalMemory.SharedWindow) (space, address) = (Space.Shared, address - window);
        else if (window == GlobalMemory.LocalWindow) (space, address) = (Space.Local, address - window);
    }

    private static ulong Read(ReadOnlySpan<byte> from) => from.Length switch
    {
        1 => from[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(from),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(from),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(from),
    };

    private static void Write(Span<byte> to, ulong value)
    {
        for (int k = 0; k < to.Length; k++) to[k] = (byte)(value >> (8 * k));
    }
}
