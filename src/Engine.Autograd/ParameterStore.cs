using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>All trained tensors of a model: values, gradients and both AdamW moments, each in one flat arena, segmented by parameter.</summary>
/// <remarks>Declare every parameter, then <see cref="Build"/> allocates the arenas once; nothing is allocated afterwards.</remarks>
public sealed unsafe class ParameterStore : IDisposable
{
    private readonly List<(string Name, Shape Shape, bool Decays, Action<Parameter> Keep, Action<Tensor> Initialise, bool Buffer)> _declared = [];
    private readonly List<Parameter> _parameters = [];
    private MemoryBlock? _values;
    private MemoryBlock? _grads;

    /// <summary>Creates an empty store.</summary>
    /// <param name="dtype">f32 or f64, of every parameter</param>
    /// <param name="space">where the arenas lie; null: in host memory</param>
    /// <exception cref="DwarfException">another dtype (unavailable)</exception>
    public ParameterStore(DType dtype, MemorySpace? space = null)
    {
        Space = space;
        DType = dtype is DType.F32 or DType.F64
            ? dtype
            : throw new DwarfException(ErrorKind.Unavailable, $"parameters must be f32 or f64, found {dtype.Label()}");
    }

    /// <summary>Where the arenas lie; null: in host memory.</summary>
    public MemorySpace? Space { get; }

    /// <summary>Element type of every parameter.</summary>
    public DType DType { get; }

    /// <summary>The parameters in the order of declaration, which is their order in the arenas.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>Number of trained scalars.</summary>
    public long ScalarCount { get; private set; }

    /// <summary>Declares a parameter.</summary>
    /// <param name="name">unique; its name in weight files</param>
    /// <param name="shape">sizes</param>
    /// <param name="decays">whether weight decay applies</param>
    /// <param name="initialise">writes the first values; the tensor is zero before</param>
    /// <param name="keep">receives the parameter when the store is built</param>
    /// <param name="buffer">whether it is never trained: operators move it, files save it</param>
    public void Declare(
        string name, Shape shape, bool decays, Action<Tensor> initialise, Action<Parameter> keep, bool buffer = false)
    {
        if (_values is not null)
        {
            throw new DwarfException(ErrorKind.Internal, $"parameter {name} was declared after the arenas were built");
        }

        foreach (var other in _declared)
        {
            if (other.Name == name)
            {
                throw new DwarfException(ErrorKind.Internal, $"parameter {name} was declared twice");
            }
        }

        _declared.Add((name, shape, decays, keep, initialise, buffer));
    }

    /// <summary>Allocates the arenas and initialises all parameters.</summary>
    public void Build()
    {
        long size = DType.Size();
        long bytes = 0;
        foreach (var (_, shape, _, _, _, _) in _declared)
        {
            bytes += Padded(shape.Count * size);
        }

        _values = Zeroed(bytes);
        _grads = Zeroed(bytes);
        long offset = 0;
        foreach (var (name, shape, decays, keep, initialise, buffer) in _declared)
        {
            var value = new Tensor(_values, _values.Pointer + offset, shape, DType, Space);
            Initialise(value, initialise);
            var parameter = new Parameter(name, value, new Tensor(_grads, _grads.Pointer + offset, shape, DType, Space), decays, buffer);
            _parameters.Add(parameter);
            keep(parameter);
            offset += Padded(shape.Count * size);
            ScalarCount += buffer ? 0 : shape.Count;
        }

        _declared.Clear();
    }

    /// <summary>An arena of the same layout, zeroed: for optimiser moments and copies.</summary>
    /// <returns>one tensor a parameter, in order</returns>
    public Tensor[] NewArena()
    {
        var block = Zeroed(_values!.Bytes);
        var result = new Tensor[_parameters.Count];
        long offset = 0;
        for (int i = 0; i < result.Length; i++)
        {
            result[i] = new Tensor(block, block.Pointer + offset, _parameters[i].Shape, DType, Space);
            offset += Padded(result[i].Bytes);
        }

        return result;
    }

    /// <summary>Finds a parameter.</summary>
    /// <param name="name">as declared</param>
    /// <returns>the parameter, null if there is none</returns>
    public Parameter? Find(string name) => _parameters.Find(p => p.Name == name);

    /// <inheritdoc/>
    public void Dispose()
    {
        _values?.Dispose();
        _grads?.Dispose();
    }

    private static long Padded(long bytes) => (bytes + NativeBlock.Alignment - 1) / NativeBlock.Alignment * NativeBlock.Alignment;

    private static void Initialise(Tensor value, Action<Tensor> initialise)
    {
        if (value.Space is null)
        {
            initialise(value);
            return;
        }

        var first = new Tensor(value.Shape, value.DType);
        initialise(first);
        value.CopyFrom(first);
    }

    private MemoryBlock Zeroed(long bytes)
    {
        var block = Space?.Allocate(bytes) ?? new NativeBlock(bytes);
        new Tensor(block, block.Pointer, [bytes], DType.Bool, Space).Clear();
        return block;
    }
}
