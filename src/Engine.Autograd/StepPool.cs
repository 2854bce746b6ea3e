using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>Memory of one space that one training step after another uses again: after the first steps nothing is allocated any more.</summary>
/// <remarks>
/// Free blocks wait in lists by size class (eight classes a power of two, so at most an eighth of a block is unused). A block counts its
/// references, because a gradient may be shared by two variables until one of them is added to.
/// </remarks>
internal sealed unsafe class StepPool(MemorySpace? space) : IDisposable
{
    private readonly Dictionary<long, Stack<PoolBlock>> _free = [];
    private readonly List<PoolBlock> _all = [];

    /// <summary>Bytes of all blocks, used or free: what the pool holds of the machine's address space.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Bytes of all blocks that some tensor has covered: what the pool holds of the machine's memory.</summary>
    public long TouchedBytes { get; private set; }

    public PoolBlock Rent(long bytes)
    {
        long size = RoundUp(bytes);
        if (!_free.TryGetValue(size, out var stack))
        {
            _free[size] = stack = new Stack<PoolBlock>();
        }

        if (!stack.TryPop(out var block) && !TryLarger(size, out block))
        {
            block = new PoolBlock(space?.Allocate(size) ?? new NativeBlock(size), stack);
            _all.Add(block);
            ReservedBytes += size;
        }

        if (bytes > block.Touched)
        {
            TouchedBytes += bytes - block.Touched;
            block.Touched = bytes;
        }

        block.References = 1;
        return block;
    }

    public static void Retain(Tensor? tensor)
    {
        if (tensor?.Owner is PoolBlock block)
        {
            block.References++;
        }
    }

    public static void Release(Tensor tensor)
    {
        if (tensor.Owner is PoolBlock block && --block.References == 0)
        {
            block.Home.Push(block);
        }
    }

    /// <summary>Takes every block back, whoever still counts on it.</summary>
    public void Reset()
    {
        foreach (var block in _all)
        {
            if (block.References > 0)
            {
                block.References = 0;
                block.Home.Push(block);
            }
        }
    }

    /// <summary>Gives all memory back: nothing of it is in use.</summary>
    public void Dispose()
    {
        foreach (var block in _all)
        {
            block.Memory.Dispose();
        }

        _all.Clear();
        _free.Clear();
        (ReservedBytes, TouchedBytes) = (0, 0);
    }

    /// <summary>A block of up to twice the size, before a new one is made: the last batch of an epoch is a short one, and fits where the others did.</summary>
    private bool TryLarger(long size, [NotNullWhen(true)] out PoolBlock? block)
    {
        for (long larger = RoundUp(size + 1); larger <= 2 * size; larger = RoundUp(larger + 1))
        {
            if (_free.TryGetValue(larger, out var stack) && stack.TryPop(out block))
            {
                return true;
            }
        }

        block = null;
        return false;
    }

    private static long RoundUp(long bytes)
    {
        long unit = NativeBlock.Alignment;
        if (bytes > 8 * unit)
        {
            int log = BitOperations.Log2((ulong)(bytes - 1));
            unit = Math.Max(unit, 1L << (log - 3));
        }

        return Math.Max(unit, (bytes + unit - 1) / unit * unit);
    }
}

/// <summary>One block of a <see cref="StepPool"/>.</summary>
internal sealed class PoolBlock(MemoryBlock memory, Stack<PoolBlock> home)
{
    public MemoryBlock Memory { get; } = memory;

    public Stack<PoolBlock> Home { get; } = home;

    public int References { get; set; }

    /// <summary>Size of the largest tensor so far.</summary>
    public long Touched { get; set; }
}
