using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model.Layers;

/// <summary>Where a network's parts declare their parameters: storage, first values and names in weight files in one call.</summary>
internal sealed class Plan(ParameterStore store, WeightLayout layout, long? seed, double std)
{
    /// <summary>First values of matrices and embeddings.</summary>
    public Initial Normal => Initial.Normal(std);

    /// <summary>A parameter that is one tensor in weight files.</summary>
    public void Declare(string name, Shape shape, bool decays, Initial initial, Action<Parameter> keep)
        => Declare(name, shape, decays, initial, keep, [new Piece(name, shape, 0, 0, shape.Count)]);

    /// <summary>A tensor of weight files that no gradient reaches: the network itself moves it.</summary>
    public void Buffer(string name, Shape shape, Initial initial, Action<Parameter> keep)
        => Declare(name, shape, false, initial, keep, [new Piece(name, shape, 0, 0, shape.Count)], buffer: true);

    /// <summary>A parameter that lies otherwise in memory than in weight files.</summary>
    /// <param name="name">of the parameter</param>
    /// <param name="shape">in memory</param>
    /// <param name="decays">whether weight decay applies</param>
    /// <param name="initial">first values</param>
    /// <param name="keep">receives the parameter</param>
    /// <param name="pieces">which elements of which tensor of a file are which elements of the parameter</param>
    /// <param name="buffer">whether it is never trained</param>
    public void Declare(string name, Shape shape, bool decays, Initial initial, Action<Parameter> keep, Piece[] pieces, bool buffer = false)
    {
        store.Declare(
            name,
            shape,
            decays,
            value =>
            {
                if (seed is not { } known)
                {
                    return;
                }

                foreach (var piece in pieces)
                {
                    var stretch = WeightLayout.Stretch(value, piece.Begin, piece.Count);
                    initial.Write(stretch, known, piece.FileName, piece.FileShape, piece.FileBegin);
                }
            },
            parameter =>
            {
                foreach (var piece in pieces)
                {
                    layout.Add(piece.FileName, piece.FileShape, piece.FileBegin, parameter, piece.Begin, piece.Count);
                }

                keep(parameter);
            },
            buffer);
    }

    /// <summary>A stretch of a parameter and where it stands in weight files; offsets and count in elements.</summary>
    internal readonly record struct Piece(string FileName, Shape FileShape, long FileBegin, long Begin, long Count);
}
