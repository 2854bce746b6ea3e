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
    public Tensor(object owner, void* pointer, Shape shape, DType dtype) => Bind(owner, pointer, shape, dtype);

    /// <summary>A new tensor with a memory block of its own, zeroed.</summary>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    public Tensor(Shape shape, DType dtype)
    {
        var block = new NativeBlock(checked(shape.Count * dtype.Size()));
        Bind(block, block.Pointer, shape, dtype);
        Clear();
    }

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

    /// <summary>All elements as a span.</summary>
    /// <typeparam name="T">the .NET type of the dtype (byte for bool)</typeparam>
    /// <returns>the span</returns>
    /// <exception cref="DTypeException">T does not store this dtype</exception>
    public Span<T> Span<T>()
        where T : unmanaged
        => DTypes.Of<T>() == DType
            ? new Span<T>(Pointer, checked((int)Count))
            : throw new DTypeException($"a {DType.Label()} tensor was read as {typeof(T).Name}");

    /// <summary>The raw bytes of elements [from, from + count) of a flat view.</summary>
    /// <param name="from">first byte</param>
    /// <param name="count">number of bytes</param>
    /// <returns>the span</returns>
    public Span<byte> ByteSpan(long from, int count) => new((byte*)Pointer + from, count);

    /// <summary>The one element of a tensor with one element, as a double.</summary>
    /// <returns>its value</returns>
    public double Item() => Count != 1
        ? throw new ShapeException($"a single value was asked of a tensor of shape {Shape}")
        : DType switch
        {
            DType.F32 => *(float*)Pointer,
            DType.F64 => *(double*)Pointer,
            DType.I64 => *(long*)Pointer,
            DType.Bool => *(byte*)Pointer,
            _ => BitConverter.UInt32BitsToSingle((uint)*(ushort*)Pointer << 16),
        };

    /// <summary>Sets every byte to zero.</summary>
    public void Clear() => System.Runtime.InteropServices.NativeMemory.Clear(Pointer, (nuint)Bytes);

    /// <summary>Copies the data of a tensor with as many elements of the same dtype.</summary>
    /// <param name="source">same count and dtype</param>
    public void CopyFrom(Tensor source)
    {
        if (source.Bytes != Bytes || source.DType != DType)
        {
            throw new ShapeException($"cannot copy {source.DType.Label()} {source.Shape} into {DType.Label()} {Shape}");
        }

        Buffer.MemoryCopy(source.Pointer, Pointer, Bytes, Bytes);
    }

    /// <summary>The same data with another shape of the same count, kept alive by this tensor's owner.</summary>
    /// <param name="shape">as many elements</param>
    /// <returns>a view</returns>
    public Tensor View(Shape shape) => shape.Count == Count
        ? new Tensor(Owner, Pointer, shape, DType)
        : throw new ShapeException($"{Shape} has {Count} elements, a view of {shape} needs {shape.Count}");

    /// <summary>A tensor of its own with the data converted to a floating dtype (or copied, where the dtype is not floating).</summary>
    /// <param name="dtype">f32 or f64</param>
    /// <returns>a new tensor</returns>
    public Tensor To(DType dtype)
    {
        if (!DType.IsFloating())
        {
            dtype = DType;
        }

        var result = new Tensor(Shape, dtype);
        if (dtype == DType)
        {
            result.CopyFrom(this);
            return result;
        }

        for (long i = 0; i < Count; i++)
        {
            double value = DType switch
            {
                DType.F32 => Data<float>()[i],
                DType.F64 => Data<double>()[i],
                _ => BitConverter.UInt32BitsToSingle((uint)Data<ushort>()[i] << 16),
            };
            if (dtype == DType.F32)
            {
                result.Data<float>()[i] = (float)value;
            }
            else if (dtype == DType.F64)
            {
                result.Data<double>()[i] = value;
            }
            else
            {
                throw new DwarfException(ErrorKind.Unavailable, "bf16 is not available on cpu");
            }
        }

        return result;
    }

    /// <summary>Points this object at other memory: how a pool reuses tensor objects from step to step.</summary>
    /// <param name="owner">block, arena or pool</param>
    /// <param name="pointer">first element</param>
    /// <param name="shape">sizes</param>
    /// <param name="dtype">element type</param>
    internal void Bind(object owner, void* pointer, Shape shape, DType dtype)
    {
        Owner = owner;
        Pointer = pointer;
        Shape = shape;
        DType = dtype;
    }
}
