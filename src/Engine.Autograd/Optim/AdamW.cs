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
    private readonly bool[] _active;
    private OnDevice? _device;

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
        _active = new bool[count];
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

    /// <summary>Gives the moments' memory back at once, for the next optimiser; this one is not used any more.</summary>
    public void Release()
    {
        ParameterStore.Free(_expAvg);
        ParameterStore.Free(_expAvgSq);
    }

    /// <summary>How many steps a parameter has taken.</summary>
    /// <param name="parameter">of the store</param>
    /// <returns>its count</returns>
    public long StepsOf(Parameter parameter) => *_steps[IndexOf(parameter)].Data<long>();

    /// <summary>Updates every parameter that has a gradient; call it before the tape is reset.</summary>
    /// <param name="device">where the store lies</param>
    /// <param name="lr">learning rate of this step</param>
    /// <param name="norm">
    /// what clipping measured in this step, if it did: on a device its factor multiplies the gradients, and no parameter moves where it
    /// is not finite (the steps are counted nevertheless); on cpu clipping has done that already
    /// </param>
    public void Step(Device device, double lr, GradientNorm norm = default)
    {
        for (int p = 0; p < _active.Length; p++)
        {
            _active[p] = _store.Parameters[p].Grad is not null;
        }

        if (device is CudaDevice gpu)
        {
            using var range = gpu.Range("adamw");
            Prepare(lr);
            Launch(gpu, norm);
        }
        else
        {
            Count(lr);
            StepOnHost((CpuDevice)device);
        }
    }

    /// <summary>
    /// The part of a device's step that no graph can hold: counts the next step of the parameters of the last <see cref="Step"/> and
    /// uploads its numbers. Then <see cref="Launch"/> it, or replay a graph that has it.
    /// </summary>
    /// <param name="lr">learning rate of this step</param>
    public void Prepare(double lr)
    {
        Count(lr);
        _device ??= new OnDevice(this);
        _device.Upload(this);
    }

    /// <summary>The rest of it: one launch over the arenas, with the numbers of <see cref="Prepare"/>.</summary>
    /// <param name="gpu">where the store lies</param>
    /// <param name="norm">as for <see cref="Step"/></param>
    public void Launch(CudaDevice gpu, GradientNorm norm = default)
    {
        _device ??= new OnDevice(this);
        _device.Launch(gpu, norm, _options);
    }

    /// <summary>A bf16 copy of all parameters on the device, which every step from now on writes in its one pass.</summary>
    /// <returns>one tensor a parameter, in the order of the store; holds the values as they are now</returns>
    public Tensor[] MakeHalfCopy()
    {
        _device ??= new OnDevice(this);
        return _device.MakeHalfCopy();
    }

    private void Count(double lr)
    {
        for (int p = 0; p < _active.Length; p++)
        {
            if (_active[p])
            {
                long step = ++*_steps[p].Data<long>();
                double decay = _store.Parameters[p].Decays ? _options.WeightDecay : 0;
                _moves[p] = new AdamWStep(lr * _rateFactors[p], step, _options.Beta1, _options.Beta2, _options.Eps, decay);
            }
        }
    }

    private void StepOnHost(CpuDevice cpu)
    {
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

    /// <summary>What a step on a device needs besides the store.</summary>
    private sealed class OnDevice
    {
        private readonly DeviceTiles _tiles;
        private readonly Tensor _values;
        private readonly Tensor _grads;
        private readonly Tensor _expAvg;
        private readonly Tensor _expAvgSq;
        private readonly Tensor _numbers;
        private readonly Tensor _moves;
        private Tensor? _half;

        public OnDevice(AdamW optimiser)
        {
            var store = optimiser._store;
            _tiles = new DeviceTiles(store);
            _values = _tiles.Flat(store.Parameters[0].Master);
            _half = store.Half is { } half ? _tiles.Flat(half[0], DType.BF16) : null;
            _grads = _tiles.Flat(store.Parameters[0].GradBuffer);
            _expAvg = _tiles.Flat(optimiser._expAvg[0]);
            _expAvgSq = _tiles.Flat(optimiser._expAvgSq[0]);
            _numbers = new Tensor([store.Parameters.Count, 4], store.DType);
            _moves = new Tensor(_numbers.Shape, store.DType, store.Space);
        }

        /// <summary>[parameters,4]: keep, rate, inverse root, 1 if the parameter moves.</summary>
        public void Upload(AdamW optimiser)
        {
            for (int p = 0; p < optimiser._moves.Length; p++)
            {
                var move = optimiser._moves[p];
                bool moves = optimiser._active[p];
                Set(4 * p, moves ? move.Keep : 1);
                Set((4 * p) + 1, moves ? move.Rate : 0);
                Set((4 * p) + 2, moves ? move.InverseRoot : 1);
                Set((4 * p) + 3, moves ? 1 : 0);
            }

            _moves.CopyFrom(_numbers);
        }

        public void Launch(CudaDevice gpu, GradientNorm norm, AdamWOptions options) =>
            AdamWCuda.StepAll(
                gpu, _values, _grads, _expAvg, _expAvgSq, _half, _tiles.Table, _moves, norm.OnDevice, options.Beta1, options.Beta2,
                options.Eps);

        public Tensor[] MakeHalfCopy()
        {
            var copies = _tiles.HalfCopy();
            _half = _tiles.Flat(copies[0], DType.BF16);
            return copies;
        }

        private void Set(int place, double value)
        {
            if (_numbers.DType == DType.F64)
            {
                _numbers.Data<double>()[place] = value;
            }
            else
            {
                _numbers.Data<float>()[place] = (float)value;
            }
        }
    }
}
