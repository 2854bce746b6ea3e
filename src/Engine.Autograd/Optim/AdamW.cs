using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd.Optim;

/// <summary>The constants of <see cref="AdamW"/>; PyTorch's defaults.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the first moment, at least 0 and below 1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second moment, at least 0 and below 1.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Eps { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay of the parameters that decay.</summary>
    public double WeightDecay { get; init; } = 0.01;
}

/// <summary>AdamW over all parameters of a store, in one pass and one loop.</summary>
/// <remarks>
/// Loshchilov and Hutter 2019, arXiv:1711.05101, as PyTorch's torch.optim.AdamW. A parameter without gradient in a step is untouched: no
/// decay, no moments, no step count. Each parameter counts its own steps.
/// </remarks>
public sealed unsafe class AdamW
{
    private readonly ParameterStore _store;
    private readonly AdamWOptions _options;
    private readonly ParameterTiles _tiles;
    private readonly Tensor[] _expAvg;
    private readonly Tensor[] _expAvgSq;
    private readonly Tensor[] _steps;
    private readonly double[] _rateFactors;
    private readonly AdamWStep[] _moves;

    /// <summary>Allocates the moments.</summary>
    /// <param name="store">built</param>
    /// <param name="options">null: the defaults</param>
    public AdamW(ParameterStore store, AdamWOptions? options = null)
    {
        _store = store;
        _options = options ?? new AdamWOptions();
        _tiles = new ParameterTiles(store);
        _expAvg = store.NewArena();
        _expAvgSq = store.NewArena();
        int count = store.Parameters.Count;
        var steps = new Tensor([count], DType.I64);
        _steps = new Tensor[count];
        _rateFactors = new double[count];
        _moves = new AdamWStep[count];
        for (int p = 0; p < count; p++)
        {
            _steps[p] = new Tensor(steps.Owner, steps.Data<long>() + p, [], DType.I64);
            _rateFactors[p] = 1;
        }
    }

    /// <summary>Multiplies the learning rate of one parameter in every step from now on: refinement heads may learn faster.</summary>
    /// <param name="parameter">of the store</param>
    /// <param name="factor">at least 0; 1 at first</param>
    public void SetRateFactor(Parameter parameter, double factor) => _rateFactors[IndexOf(parameter)] = factor;

    /// <summary>How many steps a parameter has taken.</summary>
    /// <param name="parameter">of the store</param>
    /// <returns>its count</returns>
    public long StepsOf(Parameter parameter) => *_steps[IndexOf(parameter)].Data<long>();

    /// <summary>Updates every parameter that has a gradient; call it before the tape is reset.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="lr">learning rate of this step</param>
    public void Step(CpuDevice cpu, double lr)
    {
        for (int p = 0; p < _steps.Length; p++)
        {
            var parameter = _store.Parameters[p];
            if (parameter.Grad is not null)
            {
                long step = ++*_steps[p].Data<long>();
                double decay = parameter.Decays ? _options.WeightDecay : 0;
                _moves[p] = new AdamWStep(lr * _rateFactors[p], step, _options.Beta1, _options.Beta2, _options.Eps, decay);
            }
        }

        // A tile's own loop runs inline, inside this one.
        cpu.For(_tiles.All.Length, 1, (optimiser: this, cpu), static (in t, begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                t.optimiser.Update(t.cpu, t.optimiser._tiles.All[i]);
            }
        });
    }

    /// <summary>The state for checkpoints, the live tensors themselves: copy into them to resume.</summary>
    /// <returns>NAME.exp_avg, NAME.exp_avg_sq as the parameter, NAME.step i64 []; in the order of the store</returns>
    public IEnumerable<(string Name, Tensor Tensor)> State()
    {
        for (int p = 0; p < _steps.Length; p++)
        {
            string name = _store.Parameters[p].Name;
            yield return (name + ".exp_avg", _expAvg[p]);
            yield return (name + ".exp_avg_sq", _expAvgSq[p]);
            yield return (name + ".step", _steps[p]);
        }
    }

    private void Update(CpuDevice cpu, ParameterTiles.Tile tile)
    {
        int p = tile.Parameter;
        if (_store.Parameters[p] is not { Grad: { } grad } parameter)
        {
            return;
        }

        if (_store.DType == DType.F64)
        {
            AdamWKernel.Step(
                cpu, parameter.Value.Data<double>() + tile.First, grad.Data<double>() + tile.First, _expAvg[p].Data<double>() + tile.First,
                _expAvgSq[p].Data<double>() + tile.First, tile.Count, _moves[p]);
        }
        else
        {
            AdamWKernel.Step(
                cpu, parameter.Value.Data<float>() + tile.First, grad.Data<float>() + tile.First, _expAvg[p].Data<float>() + tile.First,
                _expAvgSq[p].Data<float>() + tile.First, tile.Count, _moves[p]);
        }
    }

    private int IndexOf(Parameter parameter)
    {
        for (int p = 0; p < _store.Parameters.Count; p++)
        {
            if (ReferenceEquals(_store.Parameters[p], parameter))
            {
                return p;
            }
        }

        throw new DwarfException(ErrorKind.Internal, $"parameter {parameter.Name} is not of this optimiser's store");
    }
}
