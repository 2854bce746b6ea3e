#include "philox.cuh"
#include "tiles.cuh"

// dropout_apply: y = x * factor, factor i = 0 or kept = 1 / (1 - p) from word offset + i of the seed; the gradient is the same product. Twin of
// Dropout.Cpu.cs.
//   operator dropout
//   shapes   x, y [count]; any count; threshold = ceil(p * 2^24)
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count
//   writes   S*count
//   bound    memory
//   why      no mask is stored: four words cost some 100 integer instructions, less than their elements' bytes take
//   from     Srivastava et al. 2014, JMLR 15
extern "C" __global__ void __launch_bounds__(TILE_THREADS) dropout_apply(
    const scalar* x, accum kept, int threshold, unsigned long long seed, unsigned long long offset, scalar* y, long long count)
{
    long long first = blockIdx.x * (long long)TILE, last = min(first + TILE, count);
    long long packed = on_16_bytes(x) && on_16_bytes(y) ? last - (last - first) % PACK : first;
    pack value[TILE_PACKS];
#pragma unroll
    for (int k = 0; k < TILE_PACKS; k++)
    {
        long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
        if (i < packed) value[k] = load_pack(x + i);
    }

#pragma unroll
    for (int k = 0; k < TILE_PACKS; k++)
    {
        long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
        if (i >= packed) continue;
#pragma unroll
        for (int j = 0; j < PACK; j += 4)
        {
            philox_block words = philox_four(seed, offset + (unsigned long long)(i + j));
#pragma unroll
            for (int w = 0; w < 4 && w < PACK; w++) value[k].at[j + w] *= dropout_keeps(words.at[w], (unsigned)threshold) ? kept : accum(0);
        }

        store_pack(y + i, value[k]);
    }

    for (long long i = packed + threadIdx.x; i < last; i += TILE_THREADS)
    {
        bool keeps = dropout_keeps(philox_word(seed, offset + (unsigned long long)i), (unsigned)threshold);
        y[i] = to_scalar(to_accum(x[i]) * (keeps ? kept : accum(0)));
    }
}
