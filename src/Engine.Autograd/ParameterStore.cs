using Engine.Autograd.Optim;
using Engine.Kernels;
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

    /// <summary>Element type that operators see: bf16 after <see cref="UseHalf"/>, else <see cref="DType"/>.</summary>
    public DType ComputeDType => Half is null ? DType : DType.BF16;

    /// <summary>The bf16 copies in one arena, those that operators do not read included; null: there are none.</summary>
    internal Tensor[]? Half { get; private set; }

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

    /// <summary>
    /// An arena of the same layout, zeroed: for optimiser moments and copies. On the host what belongs to parameters that are never
    /// trained is never written, and so takes no memory.
    /// </summary>
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

    /// <summary>
    /// Operators read bf16 copies of parameters from here on; the parameters themselves, their gradients and moments stay as they are.
    /// The optimiser's step keeps the copies up to date.
    /// </summary>
    /// <param name="which">whose copies are read; the others stay in <see cref="DType"/></param>
    /// <exception cref="DwarfException">the store lies in host memory (unavailable)</exception>
    public void UseHalf(Func<Parameter, bool> which)
    {
        if (Space is null || DType != DType.F32)
        {
            throw new DwarfException(ErrorKind.Unavailable, "dtype bf16 is trained on device cuda or emulated; cpu has f32 and f64");
        }

        Half = new DeviceTiles(this).HalfCopy();
        for (int p = 0; p < Half.Length; p++)
        {
            if (which(_parameters[p]))
            {
                _parameters[p].UseHalf(Half[p]);
            }
        }
    }

    /// <summary>Makes the copies anew where something else than the optimiser has written the parameters; nothing where there are none.</summary>
    /// <param name="device">where the store lies</param>
    public void SyncHalf(Device device)
    {
        if (Half is not null)
        {
            var tiles = new DeviceTiles(this);
            AccumulateCuda.Narrow((CudaDevice)device, tiles.Flat(_parameters[0].Master), tiles.Flat(Half[0], DType.BF16));
        }
    }

    /// <summary>Gives an arena back at once.</summary>
    /// <param name="arena">from <see cref="NewArena"/>; its tensors are not used any more</param>
    public static void Free(Tensor[] arena)
    {
        if (arena.Length > 0)
        {
            ((MemoryBlock)arena[0].Owner).Dispose();
        }
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
        if (Space is null)
        {
            return new NativeBlock(bytes, zeroed: true);
        }

        var block = Space.Allocate(bytes);
        new Tensor(block, block.Pointer, [bytes], DType.Bool, Space).Clear();
        return block;
    }
}
