using Engine.Autograd;

namespace Dwarf.Model;

/// <summary>The random numbers of dropout in a training forward: a function of (seed, step, place), which a resumed run repeats.</summary>
public sealed class DropoutSites
{
    private long _seed;
    private long _step;
    private long _site;
    private long _skipped;
    private long _images;

    /// <summary>Creates it; one object serves all steps.</summary>
    /// <param name="probability">share of elements dropped; 0 turns dropout off</param>
    public DropoutSites(double probability) => Probability = probability;

    /// <summary>Share of elements dropped.</summary>
    public double Probability { get; }

    internal bool Active => Probability > 0;

    /// <summary>The number of the next place: who runs a part of the network again goes back to where it stood.</summary>
    internal long Site
    {
        get => _site;
        set => _site = value;
    }

    /// <summary>Starts the forward of a step.</summary>
    /// <param name="seed">the run's seed</param>
    /// <param name="step">counts forwards over the whole run</param>
    /// <param name="skipped">images of the step that other forwards see before this one, where a step is made of several</param>
    /// <param name="images">images of this forward; only needed where some are skipped</param>
    public void Begin(long seed, long step, long skipped = 0, long images = 0) =>
        (_seed, _step, _site, _skipped, _images) = (seed, step, 0, skipped, images);

    /// <summary>The key of the next place, in the fixed order of the network's code.</summary>
    internal long NextSeed() => (long)(CounterRandom.Key(_seed, _step, _site++) >> 1);

    /// <summary>The first random word for a tensor with the images on its first axis, as if the whole step were one tensor.</summary>
    internal long Offset(long elements) => _skipped == 0 ? 0 : elements / _images * _skipped;

    /// <summary>Drops elements; x is not read again.</summary>
    internal Variable Drop(Tape tape, Variable x)
    {
        if (!Active)
        {
            return x;
        }

        var y = tape.Dropout(x, Probability, (ulong)NextSeed(), (ulong)Offset(x.Value.Count));
        tape.Done(x);
        return y;
    }
}
