// Philox4x32-10, counter-based random words: twin of src/Engine.Kernels/Philox.cs. Key = seed; block number = the lower half of the counter,
// whose upper half is zero; word i of a seed is word i mod 4 of block i div 4, whatever thread asks for it.
//   from     Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"
#pragma once

struct philox_block
{
    unsigned at[4];
};

// The four words of one block. Multiplications give both halves of 64 bits: one wide multiply on the device.
__device__ __forceinline__ philox_block philox_words(unsigned long long seed, unsigned long long block)
{
    unsigned c0 = (unsigned)block, c1 = (unsigned)(block >> 32), c2 = 0, c3 = 0;
    unsigned key0 = (unsigned)seed, key1 = (unsigned)(seed >> 32);
#pragma unroll
    for (int round = 0; round < 10; round++)
    {
        unsigned long long product0 = 0xD2511F53ull * c0, product1 = 0xCD9E8D57ull * c2;
        c0 = (unsigned)(product1 >> 32) ^ c1 ^ key0;
        c1 = (unsigned)product1;
        c2 = (unsigned)(product0 >> 32) ^ c3 ^ key1;
        c3 = (unsigned)product0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

// Word `index` of a seed's sequence. A loop over neighbours takes philox_words once for four of them.
__device__ __forceinline__ unsigned philox_word(unsigned long long seed, unsigned long long index)
{
    philox_block words = philox_words(seed, index >> 2);
    unsigned which = (unsigned)index & 3u;      // selects, not an indexed array: it would lie in local memory
    unsigned low = which & 1u ? words.at[1] : words.at[0], high = which & 1u ? words.at[3] : words.at[2];
    return which & 2u ? high : low;
}

// Words index to index + 3: one block where the index is a multiple of four, else two.
__device__ __forceinline__ philox_block philox_four(unsigned long long seed, unsigned long long index)
{
    philox_block first = philox_words(seed, index >> 2);
    unsigned skip = (unsigned)index & 3u;
    if (skip == 0) return first;
    philox_block second = philox_words(seed, (index + 4) >> 2);
    if (skip == 1) return {{first.at[1], first.at[2], first.at[3], second.at[0]}};
    if (skip == 2) return {{first.at[2], first.at[3], second.at[0], second.at[1]}};
    return {{first.at[3], second.at[0], second.at[1], second.at[2]}};
}

// Whether dropout keeps an element: u = (word >> 8) * 2^-24 is at least p. `threshold` is Philox.Threshold(p) = ceil(p * 2^24), so that the
// comparison is between whole numbers and every dtype draws the same mask.
__device__ __forceinline__ bool dropout_keeps(unsigned word, unsigned threshold) { return word >> 8 >= threshold; }
