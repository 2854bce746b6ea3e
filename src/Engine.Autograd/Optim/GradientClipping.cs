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

    /// <summary>Prepares the partial sums.</summary>
    /// <param name="store">built</param>
    public GradientClipping(ParameterStore store)
    {
        _store = store;
        _tiles = new ParameterTiles(store);
        _sums = new double[_tiles.All.Length];
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
}
