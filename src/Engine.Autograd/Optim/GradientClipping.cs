using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;

namespace Engine.Autograd.Optim;

/// <summary>Clips the gradients of a store to a global norm, as PyTorch's torch.nn.utils.clip_grad_norm_.</summary>
public sealed unsafe class GradientClipping
{
    private const double Epsilon = 1e-6;
    private readonly ParameterStore _store;
    private readonly ParameterTiles _tiles;
    private readonly double[] _sums;
    private double _factor;
    private OnDevice? _device;

    /// <summary>Prepares the partial sums.</summary>
    /// <param name="store">built</param>
    public GradientClipping(ParameterStore store)
    {
        _store = store;
        _tiles = new ParameterTiles(store);
        _sums = new double[_tiles.All.Length];
    }

    /// <summary>
    /// The norm of all gradients together. On cpu they are multiplied by maxNorm / (norm + 1e-6) where that is below 1; on a device
    /// <see cref="AdamW.Step"/> does that, and nothing waits.
    /// </summary>
    /// <param name="device">where the store lies</param>
    /// <param name="maxNorm">at least 0; infinity only measures</param>
    /// <returns>the norm before clipping, for the optimiser and for whoever wants to read it</returns>
    public GradientNorm Clip(Device device, double maxNorm)
    {
        if (device is not CudaDevice gpu)
        {
            return new GradientNorm(Clip((CpuDevice)device, maxNorm));
        }

        using var range = gpu.Range("gradient_norm");
        _device ??= new OnDevice(_store);
        return _device.Measure(gpu, maxNorm);
    }

    /// <summary>The norm of all gradients together; multiplies them by maxNorm / (norm + 1e-6) where that is below 1.</summary>
    /// <param name="cpu">runs it</param>
    /// <param name="maxNorm">at least 0; infinity only measures</param>
    /// <returns>the norm before clipping, over parameters that have a gradient; NaN or infinity where a gradient has one: then nothing
    /// was changed, and the caller must not take the step</returns>
    public double Clip(CpuDevice cpu, double maxNorm)
    {
        cpu.For(_sums.Length, 1, this, static (in clipping, begin, end) =>
        {
            for (long i = begin; i < end; i++)
            {
                var tile = clipping._tiles.All[i];
                var grad = clipping._store.Parameters[tile.Parameter].Grad;
                clipping._sums[i] = grad is null ? 0 : GradientNormCpu.SumOfSquares(grad, tile.First, tile.Count);
            }
        });
        double sum = 0;
        foreach (double part in _sums)
        {
            sum += part;
        }

        double norm = Math.Sqrt(sum);
        _factor = maxNorm / (norm + Epsilon);
        if (double.IsFinite(norm) && _factor < 1)
        {
            cpu.For(_sums.Length, 1, this, static (in clipping, begin, end) =>
            {
                for (long i = begin; i < end; i++)
                {
                    var tile = clipping._tiles.All[i];
                    if (clipping._store.Parameters[tile.Parameter].Grad is { } grad)
                    {
                        GradientNormCpu.Scale(grad, tile.First, tile.Count, clipping._factor);
                    }
                }
            });
        }

        return norm;
    }

    /// <summary>The same on a device: which parameters have a gradient is uploaded only when it changes.</summary>
    private sealed class OnDevice
    {
        private readonly ParameterStore _store;
        private readonly DeviceTiles _tiles;
        private readonly Tensor _grads;
        private readonly Tensor _given;
        private readonly Tensor _active;
        private readonly Tensor _parts;
        private readonly Tensor _norm;
        private readonly Tensor _first;
        private bool _uploaded;

        public OnDevice(ParameterStore store)
        {
            _store = store;
            _tiles = new DeviceTiles(store);
            _grads = _tiles.Flat(store.Parameters[0].GradBuffer);
            _given = new Tensor([store.Parameters.Count], DType.I64);
            _active = new Tensor([store.Parameters.Count], DType.I64, store.Space);
            _parts = new Tensor([_tiles.Table.Shape[0]], DType.F64, store.Space);
            _norm = new Tensor([2], DType.F64, store.Space);
            _first = new Tensor(_norm.Owner, _norm.Pointer, [], DType.F64, store.Space);
        }

        public GradientNorm Measure(CudaDevice gpu, double maxNorm)
        {
            bool changed = !_uploaded;
            for (int p = 0; p < _store.Parameters.Count; p++)
            {
                long has = _store.Parameters[p].Grad is null ? 0 : 1;
                changed |= _given.Data<long>()[p] != has;
                _given.Data<long>()[p] = has;
            }

            if (changed)
            {
                _active.CopyFrom(_given);
                _uploaded = true;
            }

            GradientNormCuda.Measure(gpu, _grads, _tiles.Table, _active, maxNorm, _parts, _norm);
            return new GradientNorm(_norm, _first);
        }
    }
}
