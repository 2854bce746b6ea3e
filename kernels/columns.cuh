// Sums down the columns of a matrix, in an order that follows from the sizes alone.
#pragma once
#include "tiles.cuh"

// As many elements as 16 bytes hold, of the tensor's type or of partial sums.
template <typename T> struct group
{
    static constexpr int SIZE = 16 / (int)sizeof(T);
    accum at[SIZE];
};

template <typename T> __device__ __forceinline__ group<T> load_group(const T* address)
{
    union { bytes16 raw; T at[group<T>::SIZE]; } memory;
    memory.raw = load16(address);
    group<T> result;
#pragma unroll
    for (int i = 0; i < group<T>::SIZE; i++) result.at[i] = to_accum(memory.at[i]);
    return result;
}

template <typename T> __device__ __forceinline__ accum sum_of(group<T> x)
{
#pragma unroll
    for (int half = group<T>::SIZE / 2; half > 0; half /= 2)
    {
#pragma unroll
        for (int i = 0; i < half; i++) x.at[i] += x.at[i + half];
    }

    return x.at[0];
}

// A block of 32 x 8 threads adds rows [begin, end) of a strip of 32 groups of columns: a warp takes every eighth row, then the eight warps'
// sums are added in order. Calls write(column, sum) for each column below `inner`; `at(r)` says where row r begins.
template <typename T, typename Locate, typename Write>
__device__ __forceinline__ void sum_columns(const T* x, place strip, place begin, place end, long long inner, bool groups, Locate at, Write write)
{
    constexpr int SIZE = group<T>::SIZE, COLUMNS = 32 * SIZE;
    // Between one group element's lanes and the next, so that both the writing and the reading order below meet every bank once.
    constexpr int PITCH = 32 + (int)(128 / sizeof(accum)) / SIZE;
    __shared__ accum sums[8][SIZE * PITCH];
    int lane = threadIdx.x, warp = threadIdx.y;
    long long first = strip * (long long)COLUMNS;
    accum total[SIZE];
#pragma unroll
    for (int k = 0; k < SIZE; k++) total[k] = 0;

    // 1. rows
    if (groups)
    {
        long long column = first + lane * SIZE;
        if (column < inner)
        {
#pragma unroll 4
            for (place r = begin + warp; r < end; r += 8)
            {
                group<T> row = load_group(x + at(r) + column);
#pragma unroll
                for (int k = 0; k < SIZE; k++) total[k] += row.at[k];
            }
        }
    }
    else
    {
        for (place r = begin + warp; r < end; r += 8)
        {
            const T* row = x + at(r);
#pragma unroll
            for (int k = 0; k < SIZE; k++)
            {
                if (first + 32 * k + lane < inner) total[k] += to_accum(row[first + 32 * k + lane]);
            }
        }
    }

    // 2. warps
#pragma unroll
    for (int k = 0; k < SIZE; k++) sums[warp][k * PITCH + lane] = total[k];
    __syncthreads();
    for (int c = warp * 32 + lane; c < COLUMNS; c += 256)
    {
        if (first + c >= inner) break;
        int place_of_c = groups ? c % SIZE * PITCH + c / SIZE : c / 32 * PITCH + c % 32;
        accum sum = 0;
#pragma unroll
        for (int w = 0; w < 8; w++) sum += sums[w][place_of_c];
        write(first + c, sum);
    }
}
