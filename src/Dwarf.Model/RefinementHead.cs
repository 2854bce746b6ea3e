using Dwarf.Model.Layers;
using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>The expert head of one finding: refines the logits of the map on its grid. Names heads.FINDING.weight and .bias.</summary>
public sealed class RefinementHead
{
    // Made once: in a debug build a literal list of sizes allocates each time it is met.
    private static readonly Shape s_one = [1, 1];
    private static readonly Shape s_column = [9, 1];

    private readonly HeadKind _kind;
    private readonly Tensor? _pattern;
    private readonly Shape _square;
    private Parameter _weight = null!;
    private Parameter _bias = null!;

    internal RefinementHead(Plan plan, string finding, HeadConfig config, int rows, int columns)
    {
        (Finding, _kind) = (finding, config.Kind);
        int patches = rows * columns;
        _square = [patches, patches];
        int side = _kind == HeadKind.Conv3 ? 3 : 1;
        Shape weights = _kind == HeadKind.Linear ? [patches, patches] : [1, 1, side, side];
        var initial = config.Init == HeadInit.Random ? Initial.Normal(1 / Math.Sqrt(_kind == HeadKind.Linear ? patches : side * side))
            : _kind == HeadKind.Linear ? Initial.Identity
            : Initial.OneAt(side * side / 2);

        // No weight decay: it would pull the identity to zero.
        plan.Declare($"{WeightNames.Heads}{finding}.weight", weights, false, initial, p => _weight = p);
        plan.Declare($"{WeightNames.Heads}{finding}.bias", [_kind == HeadKind.Linear ? patches : 1], false, Initial.Zeros, p => _bias = p);
        _pattern = _kind == HeadKind.Conv3 ? Pattern(rows, columns) : null;
    }

    /// <summary>The finding it refines.</summary>
    public string Finding { get; }

    /// <summary>Its parameters.</summary>
    public IEnumerable<Parameter> Parameters => [_weight, _bias];

    /// <summary>Refines.</summary>
    /// <param name="tape">records it</param>
    /// <param name="z">[n,hw]</param>
    /// <returns>[n,hw]</returns>
    public Variable Apply(Tape tape, Variable z) => _kind switch
    {
        HeadKind.Linear => tape.Linear(z, _weight, _bias),
        HeadKind.Conv1 => tape.Add(tape.Mul(z, tape.Reshape(_weight, s_one)), _bias),
        _ => tape.Add(tape.Matmul(z, Convolution(tape), transposeB: true), _bias),
    };

    /// <summary>The 3×3 convolution as a matrix [hw,hw]: on grids this small one product beats a sliding window.</summary>
    private Variable Convolution(Tape tape)
    {
        var zero = tape.Constant(tape.Zeros(s_one, _weight.DType));
        var entries = tape.Concat(0, tape.Reshape(_weight, s_column), zero);
        return tape.Reshape(tape.Embedding(tape.Constant(_pattern!), entries), _square);
    }

    /// <summary>Which of the nine weights connects an output element (row) with an input element (column); 9 where none does.</summary>
    private static Tensor Pattern(int rows, int columns)
    {
        int patches = rows * columns;
        var pattern = new Tensor([patches, patches], DType.I64);
        var numbers = pattern.Span<long>();
        for (int to = 0; to < patches; to++)
        {
            for (int from = 0; from < patches; from++)
            {
                int down = (from / columns) - (to / columns);
                int across = (from % columns) - (to % columns);
                numbers[(to * patches) + from] = Math.Abs(down) <= 1 && Math.Abs(across) <= 1 ? (3 * (down + 1)) + across + 1 : 9;
            }
        }

        return pattern;
    }
}
