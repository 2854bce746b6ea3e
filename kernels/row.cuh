// A row of ROW elements that one warp holds in its registers: read once, used as often as the formula wants. ROW is a macro of the launch
// (the row's length, at most 1024), so that loops unroll, registers have constant indices and checks of whole rows vanish.
// Lane l of 32 has WIDE neighbours of every 32 * WIDE columns: 16 bytes where the length allows it.
#pragma once
#include "common.cuh"

#ifndef ROW
#define ROW 768
#endif

constexpr int WIDE = ROW % PACK == 0 ? PACK : 1;
constexpr int CHUNK = 32 * WIDE;                            // columns that a warp reads at once
constexpr int CHUNKS = (ROW + CHUNK - 1) / CHUNK;
constexpr int HELD = CHUNKS * WIDE;                         // elements of one lane

struct held
{
    accum at[HELD];
};

// The first of the WIDE columns that a lane has in a chunk; beyond the row for the last lanes of the last chunk.
__device__ __forceinline__ int row_column(int chunk, int lane) { return chunk * CHUNK + lane * WIDE; }

__device__ __forceinline__ held constant_row(accum value)
{
    held row;
#pragma unroll
    for (int i = 0; i < HELD; i++) row.at[i] = value;
    return row;
}

// Places beyond the row get `beyond`, neutral in whatever the caller computes next.
__device__ __forceinline__ held load_row(const scalar* address, int lane, accum beyond)
{
    held row;
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++)
    {
        int column = row_column(chunk, lane);
        pack wide;
#pragma unroll
        for (int i = 0; i < WIDE; i++) wide.at[i] = beyond;
        if (column < ROW)
        {
            if (WIDE == PACK) wide = load_pack(address + column);
            else wide.at[0] = to_accum(address[column]);
        }
#pragma unroll
        for (int i = 0; i < WIDE; i++) row.at[chunk * WIDE + i] = wide.at[i];
    }
    return row;
}

__device__ __forceinline__ void store_row(scalar* address, int lane, const held& row)
{
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk++)
    {
        int column = row_column(chunk, lane);
        pack wide;
#pragma unroll
        for (int i = 0; i < WIDE; i++) wide.at[i] = row.at[chunk * WIDE + i];
        if (column < ROW)
        {
            if (WIDE == PACK) store_pack(address + column, wide);
            else address[column] = to_scalar(wide.at[0]);
        }
    }
}

// Sum over the warp of its lanes' registers, in every lane; two chains for speed, always in the same order.
__device__ __forceinline__ accum row_sum(const held& row)
{
    accum even = 0, odd = 0;
#pragma unroll
    for (int i = 0; i < HELD; i++)
    {
        if (i % 2 == 0) even += row.at[i];
        else odd += row.at[i];
    }
    return warp_sum(even + odd);
}
