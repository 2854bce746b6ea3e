namespace Dwarf.Model;

/// <summary>Random numbers as a function of (key, index): no state, so neither order nor threads change them.</summary>
/// <remarks>The mixing step is SplitMix64's (Steele et al., 2014, "Fast splittable pseudorandom number generators").</remarks>
public static class CounterRandom
{
    /// <summary>SplitMix64's increment, 2^64 divided by the golden ratio.</summary>
    public const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>A key for a named thing.</summary>
    /// <param name="seed">the run's seed</param>
    /// <param name="name">such as a parameter's name</param>
    /// <returns>the key</returns>
    public static ulong Key(long seed, string name)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in name)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return Mix(Mix((ulong)seed + Golden) ^ hash);
    }

    /// <summary>A key for a numbered place of a numbered step.</summary>
    /// <param name="seed">the run's seed</param>
    /// <param name="step">training step</param>
    /// <param name="site">place within the step</param>
    /// <returns>the key</returns>
    public static ulong Key(long seed, long step, long site) => Mix(Mix(Mix((ulong)seed + Golden) + (ulong)step) + (ulong)site);

    /// <summary>64 random bits.</summary>
    /// <param name="key">of the sequence</param>
    /// <param name="index">in the sequence</param>
    /// <returns>the bits</returns>
    public static ulong Bits(ulong key, long index) => Mix(key + (((ulong)index + 1) * Golden));

    /// <summary>A number from [0, 1).</summary>
    /// <param name="key">of the sequence</param>
    /// <param name="index">in the sequence</param>
    /// <returns>a multiple of 2^-53</returns>
    public static double Uniform(ulong key, long index) => (Bits(key, index) >> 11) * (1.0 / (1L << 53));

    /// <summary>A number of the standard normal distribution (Box and Muller's transform).</summary>
    /// <param name="key">of the sequence</param>
    /// <param name="index">in the sequence</param>
    /// <returns>the number</returns>
    public static double Normal(ulong key, long index)
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(key, 2 * index)));
        return radius * Math.Cos(2 * Math.PI * Uniform(key, (2 * index) + 1));
    }

    /// <summary>SplitMix64's finaliser: every bit of the result depends on every bit of the argument.</summary>
    /// <param name="x">any number</param>
    /// <returns>64 well-mixed bits</returns>
    public static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
