using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>A grid or a block: how many along each axis. A zero makes a launch that does nothing.</summary>
/// <param name="X">along the fastest axis</param>
/// <param name="Y">along the second</param>
/// <param name="Z">along the third</param>
public readonly record struct Dim3(uint X, uint Y = 1, uint Z = 1)
{
    /// <summary>All of them together.</summary>
    public ulong Count => (ulong)X * Y * Z;

    /// <summary>Blocks for items: the quotient, rounded up.</summary>
    /// <param name="count">items, at least 0</param>
    /// <param name="per">items of one block, at least 1</param>
    /// <returns>along X, at most 2^31 - 1</returns>
    /// <exception cref="DwarfException">more blocks than a grid can have (a bug of the caller's)</exception>
    public static Dim3 Over(long count, long per)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfLessThan(per, 1);
        return count / per + (count % per == 0 ? 0 : 1);
    }

    /// <summary>Along X only.</summary>
    /// <param name="x">0 to 2^31 - 1</param>
    public static implicit operator Dim3(long x) => x is >= 0 and <= int.MaxValue
        ? new Dim3((uint)x)
        : throw new DwarfException(ErrorKind.Internal, $"a launch has 0 to {int.MaxValue} blocks or threads along x, found {x}");

    /// <summary>Along X only.</summary>
    /// <param name="x">0 to 2^31 - 1</param>
    public static implicit operator Dim3(int x) => (long)x;

    /// <summary>As messages show it: 8, or 8x2 where it has more axes than one.</summary>
    /// <returns>the sizes</returns>
    public override string ToString() => Z != 1 ? $"{X}x{Y}x{Z}" : Y != 1 ? $"{X}x{Y}" : $"{X}";
}
