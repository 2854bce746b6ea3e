using Dwarf.Model;

namespace Dwarf.Training.Runs;

/// <summary>The order in which samples are visited: a function of seed and epoch, so that a run repeats and resumes.</summary>
public static class Order
{
    /// <summary>A permutation of 0 … count - 1.</summary>
    /// <param name="seed">of the run</param>
    /// <param name="stream">keeps stages apart</param>
    /// <param name="epoch">epoch</param>
    /// <param name="count">how many</param>
    /// <returns>the order</returns>
    /// <remarks>Fisher-Yates over SplitMix64 (Steele, Lea, Flood 2014).</remarks>
    public static int[] Permutation(long seed, int stream, int epoch, int count)
    {
        ulong state = Mix(Mix(Mix((ulong)seed) + (ulong)stream) + (ulong)epoch);
        var order = Enumerable.Range(0, count).ToArray();
        for (int i = count - 1; i > 0; i--)
        {
            state = Mix(state);
            int j = (int)(state % (ulong)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>A number that differs for every (seed, stream, epoch, step): the seed of a step's dropout.</summary>
    /// <param name="seed">of the run</param>
    /// <param name="stream">keeps stages apart</param>
    /// <param name="step">step of the stage</param>
    /// <returns>64 bits</returns>
    public static long StepSeed(long seed, int stream, long step) => (long)Mix(Mix(Mix((ulong)seed) + (ulong)stream + 101) + (ulong)step);

    private static ulong Mix(ulong x) => CounterRandom.Mix(x + CounterRandom.Golden);
}
