namespace Peer;

/// <summary>What both sides are given: sizes, a deterministic batch, the constants of loss and optimiser.</summary>
internal static class StepInputs
{
    public const double Lambda = 0.5, WFp = 2, Alpha = 1, Epsilon = 1e-6, LearningRate = 5e-5, WeightDecay = 0.02;
    public const string Finding = "finding";

    /// <summary>Numbers of about unit size that no generator's version can change: a hash of the place.</summary>
    public static float[] Values(long count, uint seed)
    {
        var values = new float[count];
        for (int i = 0; i < values.Length; i++)
        {
            uint h = ((uint)i * 2654435761u) ^ (seed * 40503u);
            h = (h ^ (h >> 15)) * 2246822519u;
            h = (h ^ (h >> 13)) * 3266489917u;
            values[i] = (((h ^ (h >> 16)) >> 8) / 8388608f) - 1f;
        }

        return values;
    }

    public static float[] Image(int batch) => Values(batch * 3L * 224 * 224, 1);

    public static float[] Features() => Values(768, 2);

    /// <summary>Yes and no in turn.</summary>
    public static long[] Labels(int batch) => [.. Enumerable.Range(0, batch).Select(i => (long)(1 - (i % 2)))];

    /// <summary>Every tenth pixel.</summary>
    public static float[] Masks(int batch) => [.. Enumerable.Range(0, batch * 224 * 224).Select(i => i % 10 == 0 ? 1f : 0f)];
}
