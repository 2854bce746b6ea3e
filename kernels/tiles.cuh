// Elementwise work: a flat array cut into tiles, one a block. A thread takes TILE_PACKS packs that lie a block's width apart, so that a warp's
// accesses are contiguous and all of a thread's loads are under way before the first result is stored (in place is therefore fine).
#pragma once
#include "common.cuh"

constexpr int TILE_THREADS = 256, TILE_PACKS = 2;
constexpr int TILE = TILE_THREADS * TILE_PACKS * PACK;     // Tiles.cs knows this number: 16 KB of each array

// What a kernel divides and counts offsets in. Divisions of 64 bits are an order slower, so they are compiled in only for huge tensors.
#if INDEX64
typedef unsigned long long place;
#else
typedef unsigned place;
#endif

__device__ __forceinline__ bool on_16_bytes(const void* address) { return ((unsigned long long)address & 15) == 0; }

// y[i] = of(a[i], b[i]) for the block's tile; b may be null: of(a[i], 0). Packs where all addresses allow them, the last elements one by one.
template <typename Function>
__device__ __forceinline__ void map_tile(const scalar* a, const scalar* b, scalar* y, long long count, Function of)
{
    long long first = blockIdx.x * (long long)TILE, last = min(first + TILE, count);
    long long packed = on_16_bytes(a) && on_16_bytes(b) && on_16_bytes(y) ? last - (last - first) % PACK : first;
    pack left[TILE_PACKS], right[TILE_PACKS];
#pragma unroll
    for (int k = 0; k < TILE_PACKS; k++)
    {
        long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
        if (i >= packed) continue;
        left[k] = load_pack(a + i);
        if (b) right[k] = load_pack(b + i);
    }

#pragma unroll
    for (int k = 0; k < TILE_PACKS; k++)
    {
        long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
        if (i >= packed) continue;
#pragma unroll
        for (int j = 0; j < PACK; j++) left[k].at[j] = of(left[k].at[j], b ? right[k].at[j] : accum(0));
        store_pack(y + i, left[k]);
    }

    for (long long i = packed + threadIdx.x; i < last; i += TILE_THREADS)
    {
        y[i] = to_scalar(of(to_accum(a[i]), b ? to_accum(b[i]) : accum(0)));
    }
}
