using System.Collections;
using System.Runtime.CompilerServices;

namespace Engine.Tensors;

/// <summary>The sizes of a tensor's axes, outermost first; at most 8 axes, 64-bit sizes. A value: making one allocates nothing.</summary>
[CollectionBuilder(typeof(Shape), nameof(Of))]
public readonly struct Shape : IEquatable<Shape>, IEnumerable<long>
{
    /// <summary>The most axes a tensor may have.</summary>
    public const int MaxRank = 8;

    private readonly Sizes _sizes;

    /// <summary>Creates a shape.</summary>
    /// <param name="sizes">sizes, each at least 0</param>
    /// <exception cref="ShapeException">more than 8 axes, a negative size, or a product past 2^63</exception>
    public Shape(ReadOnlySpan<long> sizes)
    {
        if (sizes.Length > MaxRank)
        {
            throw new ShapeException($"a tensor has at most {MaxRank} axes, found {sizes.Length}");
        }

        Rank = sizes.Length;
        long count = 1;
        for (int i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] < 0)
            {
                throw new ShapeException($"axis {i} must have a size of at least 0, found {sizes[i]}");
            }

            _sizes[i] = sizes[i];
            if (sizes[i] != 0 && count > long.MaxValue / 8 / sizes[i])
            {
                throw new ShapeException($"a tensor of more than 2^60 elements does not fit any memory (axis {i} has {sizes[i]})");
            }

            count *= sizes[i];
        }

        Count = count;
    }

    /// <summary>The number of axes.</summary>
    public int Rank { get; }

    /// <summary>The number of elements; 1 for rank 0.</summary>
    public long Count { get; }

    /// <summary>The size of one axis; negative indices count from the end.</summary>
    /// <param name="axis">-Rank to Rank - 1</param>
    public long this[int axis] => (uint)(axis < 0 ? axis + Rank : axis) < (uint)Rank
        ? _sizes[axis < 0 ? axis + Rank : axis]
        : throw new ShapeException($"axis {axis} is outside {this}");

    /// <summary>Creates a shape; the target of collection expressions.</summary>
    /// <param name="sizes">sizes, each at least 0</param>
    /// <returns>the shape</returns>
    public static Shape Of(ReadOnlySpan<long> sizes) => new(sizes);

    /// <summary>Same axes, same sizes.</summary>
    /// <param name="left">one</param>
    /// <param name="right">other</param>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Not the same.</summary>
    /// <param name="left">one</param>
    /// <param name="right">other</param>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>Product of the sizes of axes [from, to): leading axes folded into rows, for example.</summary>
    /// <param name="from">first axis</param>
    /// <param name="to">one past the last axis</param>
    /// <returns>the product, 1 over nothing</returns>
    public long Fold(int from, int to)
    {
        long product = 1;
        for (int i = from; i < to; i++)
        {
            product *= _sizes[i];
        }

        return product;
    }

    /// <summary>This shape with one axis replaced.</summary>
    /// <param name="axis">-Rank to Rank - 1</param>
    /// <param name="size">the new size</param>
    /// <returns>the new shape</returns>
    public Shape With(int axis, long size)
    {
        Span<long> sizes = stackalloc long[MaxRank];
        CopyTo(sizes);
        sizes[axis < 0 ? axis + Rank : axis] = size;
        return new Shape(sizes[..Rank]);
    }

    /// <summary>Copies the sizes out.</summary>
    /// <param name="sizes">at least Rank long</param>
    public void CopyTo(Span<long> sizes)
    {
        for (int i = 0; i < Rank; i++)
        {
            sizes[i] = _sizes[i];
        }
    }

    /// <summary>The sizes as a new array.</summary>
    /// <returns>Rank numbers</returns>
    public long[] ToArray()
    {
        var sizes = new long[Rank];
        CopyTo(sizes);
        return sizes;
    }

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (Rank != other.Rank)
        {
            return false;
        }

        for (int i = 0; i < Rank; i++)
        {
            if (_sizes[i] != other._sizes[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, Count, Rank > 0 ? _sizes[0] : 0);

    /// <summary>As messages print it: [8,196,768].</summary>
    /// <returns>the text</returns>
    public override string ToString() => $"[{string.Join(',', ToArray())}]";

    /// <inheritdoc/>
    public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    [InlineArray(MaxRank)]
    private struct Sizes
    {
        private long _first;
    }
}
