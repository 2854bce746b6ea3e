using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Training.Runs;

/// <summary>
/// An exponential moving average of the weights: smoother than the last step's, and what validation, test and weight files use.
/// A parameter that a step left alone is left alone here too, so training one finding does not move another's head.
/// </summary>
/// <remarks>average += (1 - d)·(value - average) with d = min(decay, (1 + n) / (10 + n)) after n updates, so that the start is forgotten fast.</remarks>
public sealed class WeightAverage
{
    private readonly ParameterStore _store;
    private readonly Tensor _updates;

    /// <summary>Creates the average, equal to the current weights.</summary>
    /// <param name="store">the parameters</param>
    public WeightAverage(ParameterStore store)
    {
        _store = store;
        Values = store.NewArena();
        _updates = new Tensor([store.Parameters.Count], DType.I64);
        Restart();
    }

    /// <summary>The averages, in the order of the store.</summary>
    public IReadOnlyList<Tensor> Values { get; }

    /// <summary>Decay of the stage; 0: there is no average, the weights stand for themselves.</summary>
    public double Decay { get; set; }

    /// <summary>Forgets the past: the average is the current weights.</summary>
    public void Restart()
    {
        _updates.Clear();
        for (int i = 0; i < Values.Count; i++)
        {
            Values[i].CopyFrom(_store.Parameters[i].Value);
        }
    }

    /// <summary>What a checkpoint holds of it; nothing without averaging.</summary>
    /// <returns>the live tensors: copy into them to resume</returns>
    public IEnumerable<KeyValuePair<string, Tensor>> State() => Decay == 0
        ? []
        : Values.Select((v, i) => new KeyValuePair<string, Tensor>(_store.Parameters[i].Name + ".average", v)).Append(new("average.updates", _updates));

    /// <summary>After an optimiser step: every parameter that had a gradient.</summary>
    public void Update()
    {
        if (Decay == 0)
        {
            return;
        }

        var updates = _updates.Span<long>();
        for (int i = 0; i < Values.Count; i++)
        {
            var parameter = _store.Parameters[i];
            if (parameter.Grad is null)
            {
                continue;
            }

            double decay = Math.Min(Decay, (1.0 + updates[i]) / (10.0 + updates[i]));
            updates[i]++;
            if (_store.DType == DType.F64)
            {
                Blend(Values[i].Span<double>(), parameter.Value.Span<double>(), 1 - decay);
            }
            else
            {
                Blend(Values[i].Span<float>(), parameter.Value.Span<float>(), (float)(1 - decay));
            }
        }
    }

    /// <summary>Exchanges weights and averages; twice is as before.</summary>
    public void Swap()
    {
        if (Decay == 0)
        {
            return;
        }

        for (int i = 0; i < Values.Count; i++)
        {
            if (_store.DType == DType.F64)
            {
                Exchange(Values[i].Span<double>(), _store.Parameters[i].Value.Span<double>());
            }
            else
            {
                Exchange(Values[i].Span<float>(), _store.Parameters[i].Value.Span<float>());
            }
        }
    }

    private static void Blend(Span<double> average, ReadOnlySpan<double> value, double weight)
    {
        for (int i = 0; i < average.Length; i++)
        {
            average[i] += weight * (value[i] - average[i]);
        }
    }

    private static void Blend(Span<float> average, ReadOnlySpan<float> value, float weight)
    {
        int i = 0;
        int width = System.Numerics.Vector<float>.Count;
        for (; i <= average.Length - width; i += width)
        {
            var a = new System.Numerics.Vector<float>(average[i..]);
            (a + (weight * (new System.Numerics.Vector<float>(value[i..]) - a))).CopyTo(average[i..]);
        }

        for (; i < average.Length; i++)
        {
            average[i] += weight * (value[i] - average[i]);
        }
    }

    private static void Exchange<T>(Span<T> a, Span<T> b)
    {
        for (int i = 0; i < a.Length; i++)
        {
            (a[i], b[i]) = (b[i], a[i]);
        }
    }
}
