namespace Engine.Tensors.Torch;

/// <summary>What a pickle's global becomes: a mark that says what may be done with it. None of them can run anything.</summary>
internal enum PickleKind
{
    /// <summary>Makes a tensor of storage, offset, size and stride.</summary>
    Tensor,

    /// <summary>Gives back the tensor it is given.</summary>
    Parameter,

    /// <summary>Makes a dictionary.</summary>
    Dict,

    /// <summary>Makes a list.</summary>
    List,

    /// <summary>Gives back the tuple it is given.</summary>
    Size,

    /// <summary>Makes a value that keeps the number or text it was made of.</summary>
    Scalar,

    /// <summary>Makes a value that nothing is known of.</summary>
    Opaque,

    /// <summary>Names the elements of a storage; makes nothing.</summary>
    Storage,

    /// <summary>A constant; makes nothing.</summary>
    Constant,
}

/// <summary>A global that the table allows.</summary>
/// <param name="Name">module and name</param>
/// <param name="Kind">what may be done with it</param>
/// <param name="Element">of a storage</param>
internal sealed record PickleGlobal(string Name, PickleKind Kind, StoredType Element = default);

/// <summary>A dictionary in order of insertion; keys as text. Names set twice are found when the tree is walked.</summary>
internal sealed class PickleDict
{
    /// <summary>Key as text, whether it was text, value; null while empty, because hostile files make many empty ones.</summary>
    public List<(string Key, bool IsText, object? Value)>? Items { get; private set; }

    public void Add(string key, bool isText, object? value) => (Items ??= []).Add((key, isText, value));
}

/// <summary>A list.</summary>
internal sealed class PickleList
{
    public List<object?>? Items { get; private set; }

    public void Add(object? value) => (Items ??= []).Add(value);
}

/// <summary>A tuple.</summary>
/// <param name="items">its members</param>
internal sealed class PickleTuple(object?[] items)
{
    public static readonly PickleTuple Empty = new([]);

    public object?[] Items { get; } = items;
}

/// <summary>A value of an allowed class of which only the number or text, if it has one, is kept.</summary>
/// <param name="Value">number, text or null</param>
internal sealed record PickleOpaque(object? Value);

/// <summary>Elements of one type in a record of the archive.</summary>
/// <param name="Key">name of the record</param>
/// <param name="Element">type</param>
/// <param name="Count">number of elements; the record's size</param>
/// <param name="Offset">of the first byte in the file</param>
internal sealed record PickleStorage(string Key, StoredType Element, long Count, long Offset);

/// <summary>A view of a storage, checked to lie within it.</summary>
/// <param name="Storage">the elements</param>
/// <param name="Offset">first element</param>
/// <param name="Shape">sizes</param>
/// <param name="Strides">in elements, one for each axis, at least 0</param>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, Shape Shape, long[] Strides)
{
    /// <summary>Whether its elements follow each other, row by row.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int axis = Shape.Rank - 1; axis >= 0; axis--)
            {
                if (Shape[axis] != 1 && Strides[axis] != expected)
                {
                    return Shape.Count == 0;
                }

                expected *= Shape[axis];
            }

            return true;
        }
    }
}
