using Engine.Tensors;

namespace Engine.Autograd.Optim;

/// <summary>The tiles of a store as one launch over its flat arenas reads them: a table on the device.</summary>
internal sealed unsafe class DeviceTiles
{
    private readonly ParameterStore _store;
    private readonly long _count;

    public DeviceTiles(ParameterStore store)
    {
        _store = store;
        var tiles = new ParameterTiles(store).All;
        var table = new Tensor([tiles.Length, 3], DType.I64);
        for (int i = 0; i < tiles.Length; i++)
        {
            long* row = table.Data<long>() + (3 * i);
            (row[0], row[1], row[2]) = (tiles[i].Parameter, OffsetOf(tiles[i].Parameter) + tiles[i].First, tiles[i].Count);
        }

        Table = table.CopyTo(store.Space);
        int last = store.Parameters.Count - 1;
        _count = last < 0 ? 0 : OffsetOf(last) + store.Parameters[last].Shape.Count;
    }

    /// <summary>i64 [tiles,3]: parameter, its first element's place in an arena, number of elements.</summary>
    public Tensor Table { get; }

    /// <summary>A whole arena as one flat tensor, paddings included.</summary>
    /// <param name="first">the tensor of the first parameter in it</param>
    /// <param name="dtype">element type, where it is not the store's</param>
    public Tensor Flat(Tensor first, DType? dtype = null) => new(first.Owner, first.Pointer, [_count], dtype ?? first.DType, first.Space);

    /// <summary>Where a parameter begins in an arena, in elements: a multiple of 64 bytes of the store's dtype.</summary>
    public long OffsetOf(int parameter) =>
        ((byte*)_store.Parameters[parameter].Master.Pointer - (byte*)_store.Parameters[0].Master.Pointer) / _store.DType.Size();

    /// <summary>A bf16 copy of the values, parameter by parameter at the same places, on the device.</summary>
    public Tensor[] HalfCopy()
    {
        var parameters = _store.Parameters;
        var arena = new Tensor([_count], DType.BF16, _store.Space);
        var copies = new Tensor[parameters.Count];
        for (int p = 0; p < copies.Length; p++)
        {
            copies[p] = new Tensor(arena.Owner, (ushort*)arena.Pointer + OffsetOf(p), parameters[p].Shape, DType.BF16, _store.Space);
            copies[p].CopyFrom(parameters[p].Master.To(DType.BF16));
        }

        return copies;
    }
}
