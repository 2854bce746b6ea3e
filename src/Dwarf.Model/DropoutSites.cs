using Engine.Autograd;

namespace Dwarf.Model;

/// <summary>The random numbers of dropout in a training forward: a function of (seed, step, place), which a resumed run repeats.</summary>
public sealed class DropoutSites
{
    private long _seed;
    private long _step;
    private long _site;

    /// <summary>Creates it; one object serves all steps.</summary>
    /// <param name="probability">share of elements dropped; 0 turns dropout off</param>
    public DropoutSites(double probability) => Probability = probability;

    /// <summary>Share of elements dropped.</summary>
    public double Probability { get; }

    internal bool Active => Probability > 0;

    /// <summary>Starts the forward of a step.</summary>
    /// <param name="seed">the run's seed</param>
    /// <param name="step">counts forwards over the whole run</param>
    public void Begin(long seed, long step) => (_seed, _step, _site) = (seed, step, 0);

    /// <summary>The key of the next place, in the fixed order of the network's code.</summary>
    internal long NextSeed() => (long)(CounterRandom.Key(_seed, _step, _site++) >> 1);

    internal Variable Drop(Tape tape, Variable x) => Active ? tape.Dropout(x, Probability, (ulong)NextSeed(), 0) : x;
}
