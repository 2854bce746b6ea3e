using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>How the parameters of a network stand in weight files.</summary>
/// <remarks>
/// In memory the matrices of query, key and value are one parameter where one matrix product serves all three, and several where they
/// are used apart; in files they are split as Hugging Face and PyTorch split them. This table maps the one to the other.
/// </remarks>
public sealed class WeightLayout
{
    private readonly List<WeightEntry> _entries = [];
    private readonly Dictionary<string, WeightEntry> _byName = [];

    /// <summary>The tensors of a weight file, in the order of declaration.</summary>
    public IReadOnlyList<WeightEntry> Entries => _entries;

    /// <summary>Finds a tensor.</summary>
    /// <param name="name">in weight files</param>
    /// <returns>null if there is none</returns>
    public WeightEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The tensors of a weight file, made of what the caller picks of each parameter.</summary>
    /// <param name="pick">value, gradient, moment: shape of the parameter; null counts as zeros</param>
    /// <returns>by name in files; a view where nothing had to be moved, else a tensor of its own</returns>
    public IEnumerable<KeyValuePair<string, Tensor>> Export(Func<Parameter, Tensor?> pick)
    {
        foreach (var entry in _entries)
        {
            yield return new(entry.Name, entry.Gather(pick));
        }
    }

    internal void Add(string name, Shape shape, long fileBegin, Parameter parameter, long begin, long count)
    {
        if (!_byName.TryGetValue(name, out var entry))
        {
            _byName[name] = entry = new WeightEntry(name, shape);
            _entries.Add(entry);
        }

        entry.Add(new WeightPiece(parameter, fileBegin, begin, count));
    }

    /// <summary>Consecutive elements as a tensor of their own shape, kept alive by the owner of the whole.</summary>
    internal static unsafe Tensor Stretch(Tensor whole, long begin, long count)
        => new(whole.Owner, (byte*)whole.Pointer + (begin * whole.DType.Size()), [count], whole.DType, whole.Space);
}

/// <summary>One tensor of a weight file.</summary>
public sealed class WeightEntry
{
    private readonly List<WeightPiece> _pieces = [];

    internal WeightEntry(string name, Shape shape)
    {
        Name = name;
        Shape = shape;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its shape.</summary>
    public Shape Shape { get; }

    /// <summary>The stretches of parameters that it is made of.</summary>
    public IReadOnlyList<WeightPiece> Pieces => _pieces;

    /// <summary>This tensor, made of what the caller picks of each parameter.</summary>
    /// <param name="pick">shape of the parameter; null counts as zeros</param>
    /// <returns>a view where it lies in one stretch, else a tensor of its own</returns>
    public Tensor Gather(Func<Parameter, Tensor?> pick)
    {
        if (_pieces is [var only] && pick(only.Parameter) is { } source)
        {
            return WeightLayout.Stretch(source, only.Begin, only.Count).View(Shape);
        }

        var whole = new Tensor(Shape, _pieces[0].Parameter.Master.DType);
        foreach (var piece in _pieces)
        {
            if (pick(piece.Parameter) is { } part)
            {
                WeightLayout.Stretch(whole, piece.FileBegin, piece.Count).CopyFrom(WeightLayout.Stretch(part, piece.Begin, piece.Count));
            }
        }

        return whole;
    }

    /// <summary>Sets the parameters' values.</summary>
    /// <param name="whole">shape of this entry, dtype of the parameters</param>
    public void Scatter(Tensor whole)
    {
        foreach (var piece in _pieces)
        {
            var (stretch, values) = (WeightLayout.Stretch(piece.Parameter.Master, piece.Begin, piece.Count), WeightLayout.Stretch(whole, piece.FileBegin, piece.Count));
            stretch.CopyFrom(values);
            if (piece.Parameter.DType != stretch.DType)
            {
                WeightLayout.Stretch(piece.Parameter.Value, piece.Begin, piece.Count).CopyFrom(values.To(piece.Parameter.DType));
            }
        }
    }

    internal void Add(WeightPiece piece) => _pieces.Add(piece);
}

/// <summary>A stretch of a parameter and its place in the tensor of a file; all in elements.</summary>
/// <param name="Parameter">the parameter</param>
/// <param name="FileBegin">first element in the file's tensor</param>
/// <param name="Begin">first element in the parameter</param>
/// <param name="Count">number of elements</param>
public sealed record WeightPiece(Parameter Parameter, long FileBegin, long Begin, long Count);
