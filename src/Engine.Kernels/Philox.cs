using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <summary>Counter-based random words, Philox4x32-10: word i of a seed is a function of both alone, on every device and for any number of threads.</summary>
/// <remarks>
/// Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". Key = seed; block number = the lower half of the counter, whose
/// upper half is zero; word i is word i mod 4 of block i div 4.
/// </remarks>
public static unsafe class Philox
{
    private const ulong Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;
    private const int Batch = 256;      // words that a fill makes at a time: 1 KB of stack

    /// <summary>One random word.</summary>
    /// <param name="seed">the key</param>
    /// <param name="index">which word of the seed's sequence</param>
    /// <returns>32 random bits</returns>
    public static uint Word(ulong seed, ulong index)
    {
        uint* block = stackalloc uint[4];
        Block(seed, index / 4, block);
        return block[index % 4];
    }

    /// <summary>A random number in [0, 1): (word >> 8)·2⁻²⁴, exact in f32.</summary>
    /// <param name="seed">the key</param>
    /// <param name="index">which word of the seed's sequence</param>
    /// <returns>a multiple of 2⁻²⁴</returns>
    public static double Uniform(ulong seed, ulong index) => (Word(seed, index) >> 8) * (1.0 / (1 << 24));

    /// <summary>Consecutive words of a seed's sequence.</summary>
    /// <param name="seed">the key</param>
    /// <param name="first">index of the first word</param>
    /// <param name="words">receives them</param>
    /// <param name="count">how many</param>
    public static void Words(ulong seed, ulong first, uint* words, long count)
    {
        uint* block = stackalloc uint[4];
        long i = 0;
        while (i < count)
        {
            ulong index = first + (ulong)i;
            if (index % 4 == 0 && count - i >= 32)
            {
                EightBlocks(seed, index / 4, words + i);
                i += 32;
                continue;
            }

            Block(seed, index / 4, block);
            for (ulong w = index % 4; w < 4 && i < count; w++)
            {
                words[i++] = block[w];
            }
        }
    }

    /// <summary>The factors of a dropout: 1/(1 - p) where the uniform number is at least p, otherwise 0.</summary>
    /// <typeparam name="T">float or double</typeparam>
    /// <param name="seed">the key</param>
    /// <param name="first">index of the first element's word</param>
    /// <param name="p">probability of a zero, 0 to 1; 1 gives zeros only</param>
    /// <param name="factors">receives them</param>
    /// <param name="count">how many</param>
    [SkipLocalsInit]
    public static void DropoutFactors<T>(ulong seed, ulong first, double p, T* factors, long count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        uint* words = stackalloc uint[Batch];
        uint threshold = Threshold(p);
        T kept = T.CreateChecked(p < 1 ? 1 / (1 - p) : 0);
        long n;
        for (long i = 0; i < count; i += n)
        {
            // The first batch ends where a block ends, so that all others are whole blocks.
            n = Math.Min(Batch - (long)((first + (ulong)i) % 4), count - i);
            long j = 0;
            Words(seed, first + (ulong)i, words, n);
            if (typeof(T) == typeof(float))
            {
                var (limit, scale) = (new Vector<uint>(threshold), new Vector<float>((float)(object)kept));
                for (; j <= n - Vector<uint>.Count; j += Vector<uint>.Count)
                {
                    var keep = Vector.GreaterThanOrEqual(Vector.Load(words + j) >> 8, limit);
                    (Vector.AsVectorUInt32(scale) & keep).As<uint, float>().Store((float*)factors + i + j);
                }
            }

            for (; j < n; j++)
            {
                factors[i + j] = words[j] >> 8 >= threshold ? kept : T.Zero;
            }
        }
    }

    /// <summary>An element is kept where (word >> 8) is at least this: u ≥ p without rounding.</summary>
    /// <param name="p">0 to 1</param>
    /// <returns>⌈p·2²⁴⌉</returns>
    public static uint Threshold(double p) => (uint)Math.Ceiling(p * (1 << 24));

    private static void Block(ulong seed, ulong counter, uint* result)
    {
        uint c0 = (uint)counter, c1 = (uint)(counter >> 32), c2 = 0, c3 = 0;
        uint key0 = (uint)seed, key1 = (uint)(seed >> 32);
        for (int round = 0; round < Rounds; round++, key0 += Weyl0, key1 += Weyl1)
        {
            ulong product0 = Multiplier0 * c0, product1 = Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ key0, (uint)product1, (uint)(product0 >> 32) ^ c3 ^ key1, (uint)product0);
        }

        (result[0], result[1], result[2], result[3]) = (c0, c1, c2, c3);
    }

    /// <summary>Eight blocks side by side: each lane holds a 32-bit word in the lower half of 64 bits, which a multiplication needs.</summary>
    private static void EightBlocks(ulong seed, ulong counter, uint* words)
    {
        // In this order the in-lane interleaving below leaves the blocks in ascending order.
        var counters = Vector512.Create(counter) + Vector512.Create(0UL, 4, 1, 5, 2, 6, 3, 7);
        var low = Vector512.Create((ulong)uint.MaxValue);
        var (c0, c1, c2, c3) = (counters & low, counters >> 32, Vector512<ulong>.Zero, Vector512<ulong>.Zero);
        var (multiplier0, multiplier1) = (Vector512.Create(Multiplier0), Vector512.Create(Multiplier1));
        uint key0 = (uint)seed, key1 = (uint)(seed >> 32);
        for (int round = 0; round < Rounds; round++, key0 += Weyl0, key1 += Weyl1)
        {
            var (product0, product1) = (Product(c0, multiplier0), Product(c2, multiplier1));
            (c0, c2) = ((product1 >> 32) ^ c1 ^ Vector512.Create((ulong)key0), (product0 >> 32) ^ c3 ^ Vector512.Create((ulong)key1));
            (c1, c3) = (product1 & low, product0 & low);
        }

        var (first, second) = (c0 | (c1 << 32), c2 | (c3 << 32));
        if (Avx512F.IsSupported)
        {
            Avx512F.UnpackLow(first, second).AsUInt32().Store(words);
            Avx512F.UnpackHigh(first, second).AsUInt32().Store(words + 16);
            return;
        }

        for (int lane = 0; lane < 8; lane++)
        {
            ulong* block = (ulong*)(words + (4 * ((lane / 2) + (lane % 2 * 4))));
            (block[0], block[1]) = (first[lane], second[lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Product(Vector512<ulong> x, Vector512<ulong> y)
    {
        if (Avx512F.IsSupported)
        {
            return Avx512F.Multiply(x.AsUInt32(), y.AsUInt32());
        }

        return Avx2.IsSupported
            ? Vector512.Create(
                Avx2.Multiply(x.GetLower().AsUInt32(), y.GetLower().AsUInt32()),
                Avx2.Multiply(x.GetUpper().AsUInt32(), y.GetUpper().AsUInt32()))
            : x * y;
    }
}
