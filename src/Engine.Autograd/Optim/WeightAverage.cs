using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Autograd.Optim;

/// <summary>An exponential moving average of all parameters of a store, which evaluation may use instead of them.</summary>
/// <remarks>
/// As PyTorch's torch.optim.swa_utils.AveragedModel with an exponential rule: the first update takes the parameters as they are, each later
/// one moves the average by 1 − decay of the way towards them. A parameter that does not move is its own average to the bit; of buffers,
/// such as running means, the last is taken.
/// </remarks>
public sealed class WeightAverage
{
    private const long Chunk = 1 << 20;
    private readonly ParameterStore _store;
    private readonly Tensor[] _average;
    private readonly ParameterTiles _tiles;
    private readonly double _rate;
    private DeviceTiles? _device;
    private Tensor? _swap;

    /// <summary>Allocates the averages.</summary>
    /// <param name="store">built</param>
    /// <param name="decay">what an average keeps of itself, at least 0 and below 1</param>
    public WeightAverage(ParameterStore store, double decay)
    {
        _store = store;
        _average = store.NewArena();
        _tiles = new ParameterTiles(store);
        _rate = 1 - decay;
    }

    /// <summary>Gives the averages' memory back at once; this object is not used any more.</summary>
    public void Release() => ParameterStore.Free(_average);

    /// <summary>Updates so far; 0: there is no average yet.</summary>
    public long Updates { get; set; }

    /// <summary>Moves the averages, after the optimiser's step.</summary>
    /// <param name="device">where the store lies</param>
    public void Update(Device device)
    {
        bool first = Updates++ == 0;
        if (!first)
        {
            Move(device);
        }

        for (int p = 0; p < _average.Length; p++)
        {
            if (first || _store.Parameters[p].IsBuffer)
            {
                _average[p].CopyFrom(_store.Parameters[p].Master);
            }
        }
    }

    private void Move(Device device)
    {
        if (device is CudaDevice gpu)
        {
            _device ??= new DeviceTiles(_store);
            AccumulateCuda.MoveTowards(gpu, _device.Flat(_average[0]), _device.Flat(_store.Parameters[0].Master), _rate);
        }
        else
        {
            ((CpuDevice)device).For(_tiles.All.Length, 1, this, static (in average, begin, end) =>
            {
                for (long i = begin; i < end; i++)
                {
                    var tile = average._tiles.All[i];
                    Accumulate.MoveTowards(
                        average._average[tile.Parameter], average._store.Parameters[tile.Parameter].Master, average._rate, tile.First, tile.Count);
                }
            });
        }
    }

    /// <summary>Parameters and averages change places; a second call puts them back, to the bit.</summary>
    public void Swap()
    {
        _swap ??= new Tensor([Chunk], _store.DType, _store.Space);
        for (int p = 0; p < _average.Length; p++)
        {
            for (long first = 0, count = _average[p].Count; first < count; first += Chunk)
            {
                long n = Math.Min(Chunk, count - first);
                Tensor value = Stretch(_store.Parameters[p].Master, first, n), average = Stretch(_average[p], first, n), kept = Stretch(_swap, 0, n);
                kept.CopyFrom(value);
                value.CopyFrom(average);
                average.CopyFrom(kept);
            }
        }
    }

    /// <summary>The averages for checkpoints, the live tensors themselves: copy into them, and set <see cref="Updates"/>, to resume.</summary>
    /// <returns>average.NAME as the parameter, in the order of the store</returns>
    public IEnumerable<(string Name, Tensor Tensor)> State()
    {
        for (int p = 0; p < _average.Length; p++)
        {
            yield return ("average." + _store.Parameters[p].Name, _average[p]);
        }
    }

    private static unsafe Tensor Stretch(Tensor whole, long first, long count) =>
        new(whole.Owner, (byte*)whole.Pointer + (first * whole.DType.Size()), [count], whole.DType, whole.Space);
}
