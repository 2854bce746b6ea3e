using static TorchSharp.torch;

namespace Parity.Tests;

/// <summary>Philox4x32-10 written a second time from its definition (Salmon et al. 2011), so that the engine's own is checked against it.</summary>
internal static class Philox
{
    /// <summary>The dropout mask of contracts: kept elements hold 1/(1 - p), others 0.</summary>
    public static Tensor Mask(long[] shape, double p, ulong seed, ulong offset)
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        var values = new double[count];
        for (long i = 0; i < count; i++)
        {
            ulong at = offset + (ulong)i;
            double u = (Block(seed, at / 4)[at % 4] >> 8) / 16777216.0;
            values[i] = u >= p ? 1 / (1 - p) : 0;
        }

        return tensor(values, shape);
    }

    public static uint[] Block(ulong key, ulong counter)
    {
        uint[] c = [(uint)counter, (uint)(counter >> 32), 0, 0];
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = 0xD2511F53UL * c[0], product1 = 0xCD9E8D57UL * c[2];
            c = [(uint)(product1 >> 32) ^ c[1] ^ k0, (uint)product1, (uint)(product0 >> 32) ^ c[3] ^ k1, (uint)product0];
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        return c;
    }
}
