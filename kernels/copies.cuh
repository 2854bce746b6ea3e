// Moving elements without looking at them: in units of 16, 8, 4 or 2 bytes, the widest that sizes, strides and addresses allow (UNIT), whatever
// the dtype is. A thread moves 64 bytes in units that lie a block's width apart, all loaded before the first is stored.
#pragma once
#include "tiles.cuh"

#ifndef UNIT
#define UNIT 4
#endif

#if UNIT == 16
typedef bytes16 unit;
__device__ __forceinline__ unit load_unit(const unit* address) { return load16(address); }
__device__ __forceinline__ void store_unit(unit* address, unit value) { store16(address, value); }
__device__ __forceinline__ unit no_unit() { return {0, 0, 0, 0}; }
#else
#if UNIT == 8
typedef unsigned long long unit;
#elif UNIT == 4
typedef unsigned unit;
#else
typedef unsigned short unit;
#endif
__device__ __forceinline__ unit load_unit(const unit* address) { return *address; }
__device__ __forceinline__ void store_unit(unit* address, unit value) { *address = value; }
__device__ __forceinline__ unit no_unit() { return 0; }
#endif

constexpr int COPY_UNITS = 64 / UNIT;      // a block moves 16 KB

// to[into(i)] = from[out_of(i)] for the block's part of the units i.
template <typename From, typename To>
__device__ __forceinline__ void copy_tile(const unit* from, unit* to, long long bytes, From out_of, To into)
{
    long long count = bytes / UNIT;
    long long first = blockIdx.x * (long long)(TILE_THREADS * COPY_UNITS) + threadIdx.x;
    unit value[COPY_UNITS];
#pragma unroll
    for (int k = 0; k < COPY_UNITS; k++)
    {
        if (first + k * TILE_THREADS < count) value[k] = load_unit(from + out_of((place)(first + k * TILE_THREADS)));
    }

#pragma unroll
    for (int k = 0; k < COPY_UNITS; k++)
    {
        if (first + k * TILE_THREADS < count) store_unit(to + into((place)(first + k * TILE_THREADS)), value[k]);
    }
}

// A part of one axis: `block` units of every `large_block`, `before` of them skipped.
__device__ __forceinline__ void copy_out_of_part(
    const unit* large, unit* small, long long bytes, long long block, long long large_block, long long before)
{
    copy_tile(large, small, bytes,
        [=](place i) { return i / (place)block * (place)large_block + (place)before + i % (place)block; }, [=](place i) { return i; });
}

__device__ __forceinline__ void copy_into_part(
    const unit* small, unit* large, long long bytes, long long block, long long large_block, long long before)
{
    copy_tile(small, large, bytes,
        [=](place i) { return i; }, [=](place i) { return i / (place)block * (place)large_block + (place)before + i % (place)block; });
}
