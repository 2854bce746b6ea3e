namespace Engine.Tensors;

/// <summary>Contiguous row-major data with a shape and a dtype. Holds data; mathematics lives in the operators.</summary>
/// <remarks>Nobody disposes a tensor: it keeps the memory it lies in alive (a block of its own, an arena, or the pool of a step).</remarks>
public sealed unsafe class Tensor
{
    /// <summary>A tensor over memory that <paramref name="owner"/> keeps alive.</summary>
    /// <param name="owner">block, arena or pool</param>
    /// <param name="pointer">first element</param>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    /// <param name="space">where the memory lies; null: in host memory</param>
    public Tensor(object owner, void* pointer, Shape shape, DType dtype, MemorySpace? space = null) => Bind(owner, pointer, shape, dtype, space);

    /// <summary>A new tensor with a memory block of its own, zeroed.</summary>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    /// <param name="space">where to allocate; null: in host memory</param>
    public Tensor(Shape shape, DType dtype, MemorySpace? space = null)
    {
        long bytes = checked(shape.Count * dtype.Size());
        var block = space?.Allocate(bytes) ?? new NativeBlock(bytes, zeroed: true);
        Bind(block, block.Pointer, shape, dtype, space);
        if (space is not null)
        {
            Clear();
        }
    }

    /// <summary>Where the memory lies; null: in host memory. Only then may the host follow <see cref="Pointer"/>.</summary>
    public MemorySpace? Space { get; private set; }

    /// <summary>What keeps the memory alive.</summary>
    public object Owner { get; private set; } = null!;

    /// <summary>Sizes of the axes.</summary>
    public Shape Shape { get; private set; }

    /// <summary>Element type.</summary>
    public DType DType { get; private set; }

    /// <summary>The first element.</summary>
    public void* Pointer { get; private set; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>Size of the data in bytes.</summary>
    public long Bytes => Shape.Count * DType.Size();

    /// <summary>A tensor of its own with these values.</summary>
    /// <typeparam name="T">float, double, long, bool or byte</typeparam>
    /// <param name="shape">sizes</param>
    /// <param name="values">row-major, as many as the shape has elements</param>
    /// <returns>the tensor</returns>
    public static Tensor From<T>(Shape shape, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (shape.Count != values.Length)
        {
            throw new ShapeException($"{shape} has {shape.Count} elements, found {values.Length} values");
        }

        var tensor = new Tensor(shape, DTypes.Of<T>());
        values.CopyTo(tensor.Span<T>());
        return tensor;
    }

    /// <summary>The first element as a typed pointer.</summary>
    /// <typeparam name="T">the .NET type of the dtype</typeparam>
    /// <returns>valid while the tensor's memory is</returns>
    public T* Data<T>()
        where T : unmanaged
        => (T*)Pointer;

    /// <summary>All elements as an array of their own.</summary>
    /// <typeparam name="T">the .NET type of the dtype (byte for bool)</typeparam>
    /// <returns>in row-major order</returns>
    /// <exception cref="DTypeException">T does not store this dtype</exception>
    /// <remarks>A span keeps no memory alive; this does, so it is what a tensor that nobody else names is read by.</remarks>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        var values = Span<T>().ToArray();
        GC.KeepAlive(this);
        return values;
    }

    /// <summary>All elements as a span.</summary>
    /// <typeparam name="T">the .NET type of the dtype (byte for bool)</typeparam>
    /// <returns>the span</returns>
    /// <exception cref="DTypeException">T does not store this dtype</exception>
    public Span<T> Span<T>()
        where T : unmanaged
        => DTypes.Of<T>() != DType ? throw new DTypeException($"a {DType.Label()} tensor was read as {typeof(T).Name}")
        : Space is null ? new Span<T>(Pointer, checked((int)Count))
        : throw NotOnHost();

    /// <summary>The raw bytes of elements [from, from + count) of a flat view.</summary>
    /// <param name="from">first byte</param>
    /// <param name="count">number of bytes</param>
    /// <returns>the span</returns>
    public Span<byte> ByteSpan(long from, int count) => Space is null ? new((byte*)Pointer + from, count) : throw NotOnHost();

    /// <summary>Whether another tensor has the same dtype and number of bytes, and the same bits.</summary>
    /// <param name="other">in host memory, as this one</param>
    /// <returns>true for equal bits: NaN equals NaN, 0 is not −0</returns>
    public bool HasBitsOf(Tensor other)
    {
        const int Piece = 1 << 30;
        bool same = other.DType == DType && other.Bytes == Bytes;
        for (long at = 0; same && at < Bytes; at += Piece)
        {
            int count = (int)Math.Min(Piece, Bytes - at);
            same = ByteSpan(at, count).SequenceEqual(other.ByteSpan(at, count));
        }

        GC.KeepAlive(other);
        GC.KeepAlive(this);
        return same;
    }

    /// <summary>The one element of a tensor with one element, as a double.</summary>
    /// <returns>its value; a device's tensor is waited for and copied</returns>
    public double Item()
    {
        if (Count != 1)
        {
            throw new ShapeException($"a single value was asked of a tensor of shape {Shape}");
        }

        ulong bits = 0;
        if (Space is null)
        {
            Buffer.MemoryCopy(Pointer, &bits, sizeof(ulong), Bytes);
        }
        else
        {
            Space.CopyToHost(&bits, Pointer, Bytes);
        }

        GC.KeepAlive(this);

        return DType switch
        {
            DType.F32 => *(float*)&bits,
            DType.F64 => *(double*)&bits,
            DType.I64 => *(long*)&bits,
            DType.Bool => *(byte*)&bits,
            _ => BitConverter.UInt32BitsToSingle((uint)bits << 16),
        };
    }

    /// <summary>Sets every byte to zero.</summary>
    public void Clear()
    {
        if (Space is null)
        {
            System.Runtime.InteropServices.NativeMemory.Clear(Pointer, (nuint)Bytes);
        }
        else
        {
            Space.Clear(Pointer, Bytes);
        }
    }

    /// <summary>Copies the data of a tensor with as many elements of the same dtype; either may lie on a device.</summary>
    /// <param name="source">same count and dtype</param>
    public void CopyFrom(Tensor source)
    {
        if (source.Bytes != Bytes || source.DType != DType)
        {
            throw new ShapeException($"cannot copy {source.DType.Label()} {source.Shape} into {DType.Label()} {Shape}");
        }

        if (Space is null && source.Space is null)
        {
            Buffer.MemoryCopy(source.Pointer, Pointer, Bytes, Bytes);
        }
        else if (source.Space is null)
        {
            Space!.CopyFromHost(Pointer, source.Pointer, Bytes);
        }
        else if (Space is null)
        {
            source.Space.CopyToHost(Pointer, source.Pointer, Bytes);
        }
        else
        {
            Space.Copy(Pointer, source.Pointer, Bytes);
        }

        // A tensor that nobody names any more must not lose its memory while it is copied.
        GC.KeepAlive(source);
        GC.KeepAlive(this);
    }

    /// <summary>The same data in host memory.</summary>
    /// <returns>this tensor where it lies there already, else a copy that was waited for</returns>
    public Tensor OnHost() => Space is null ? this : CopyTo(null);

    /// <summary>A copy with memory of its own.</summary>
    /// <param name="space">where; null: in host memory</param>
    /// <returns>same shape and dtype</returns>
    public Tensor CopyTo(MemorySpace? space)
    {
        var copy = new Tensor(Shape, DType, space);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>The same data with another shape of the same count, kept alive by this tensor's owner.</summary>
    /// <param name="shape">as many elements</param>
    /// <returns>a view</returns>
    public Tensor View(Shape shape) => shape.Count == Count
        ? new Tensor(Owner, Pointer, shape, DType, Space)
        : throw new ShapeException($"{Shape} has {Count} elements, a view of {shape} needs {shape.Count}");

    /// <summary>A tensor of its own with the data converted to a floating dtype (or copied, where the dtype is not floating).</summary>
    /// <param name="dtype">f32, f64 or bf16 (rounded to nearest even)</param>
    /// <returns>a new tensor in host memory</returns>
    public Tensor To(DType dtype)
    {
        if (!DType.IsFloating())
        {
            dtype = DType;
        }

        if (dtype == DType)
        {
            return CopyTo(null);
        }

        var source = OnHost();
        var result = new Tensor(Shape, dtype);
        for (long i = 0; i < Count; i++)
        {
            double value = DType switch
            {
                DType.F32 => source.Data<float>()[i],
                DType.F64 => source.Data<double>()[i],
                _ => BitConverter.UInt32BitsToSingle((uint)source.Data<ushort>()[i] << 16),
            };
            switch (dtype)
            {
                case DType.F32:
                    result.Data<float>()[i] = (float)value;
                    break;
                case DType.F64:
                    result.Data<double>()[i] = value;
                    break;
                default:
                    result.Data<ushort>()[i] = DTypes.ToBF16((float)value);
                    break;
            }
        }

        GC.KeepAlive(source);
        return result;
    }

    /// <summary>Points this object at other memory: how a pool reuses tensor objects from step to step.</summary>
    /// <param name="owner">block, arena or pool</param>
    /// <param name="pointer">first element</param>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    /// <param name="space">where the memory lies; null: in host memory</param>
    internal void Bind(object owner, void* pointer, Shape shape, DType dtype, MemorySpace? space)
    {
        Owner = owner;
        Space = space;
        Pointer = pointer;
        Shape = shape;
        DType = dtype;
    }

    private DwarfException NotOnHost() =>
        new(ErrorKind.Internal, $"a tensor {Shape} on {Space!.Name} was read as host memory; copy it first");
}
