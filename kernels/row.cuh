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
constexpr int SECTOR = 32 / (int)sizeof(scalar);            // elements that memory moves at least
constexpr int MOST_SHIFT = ROW % SECTOR == 0 ? 0 : SECTOR - WIDE;
constexpr int CHUNKS = (ROW + MOST_SHIFT + CHUNK - 1) / CHUNK;
constexpr int HELD = CHUNKS * WIDE;                         // elements of one lane

struct held
{
    accum at[HELD];
};

// How far a row that begins in the middle of a sector is moved to the right in the lanes, so that each access is of whole sectors: rows that
// lie alike in memory are moved alike, others stay (shift 0).
__device__ __forceinline__ int row_shift(long long row) { return MOST_SHIFT == 0 ? 0 : (int)(row * ROW % SECTOR); }

// The first of the WIDE columns that a lane has in a chunk; outside the row for some lanes of the first and the last chunk.
__device__ __forceinline__ int row_column(int chunk, int lane, int shift = 0) { return chunk * CHUNK + lane * WIDE - shift; }

__device__ __forceinline__ bool in_row(int column) { return (MOST_SHIFT == 0 || column >= 0) && column < ROW; }

__device__ __forceinline__ held constant_row(accum value)
{
    held row;
#pragma unroll
    for (int i = 0; i < HELD; i++) row.at[i] = value;
    return row;
}

// Chunk after chunk by recursion, so that each has code of its own whatever the compiler unrolls: a lane that skips the first chunk then
// still reads the second one together with the others.
template <int chunk>
__device__ __forceinline__ void load_chunks(const scalar* address, int lane, accum beyond, int shift, held& row)
{
    if constexpr (chunk < CHUNKS)
    {
        int column = row_column(chunk, lane, shift);
        pack wide;
#pragma unroll
        for (int i = 0; i < WIDE; i++) wide.at[i] = beyond;
        if (in_row(column))
        {
            if (WIDE == PACK) wide = load_pack(address + column);
            else wide.at[0] = to_accum(address[column]);
        }
#pragma unroll
        for (int i = 0; i < WIDE; i++) row.at[chunk * WIDE + i] = wide.at[i];
        load_chunks<chunk + 1>(address, lane, beyond, shift, row);
    }
}

template <int chunk>
__device__ __forceinline__ void store_chunks(scalar* address, int lane, int shift, const held& row)
{
    if constexpr (chunk < CHUNKS)
    {
        int column = row_column(chunk, lane, shift);
        pack wide;
#pragma unroll
        for (int i = 0; i < WIDE; i++) wide.at[i] = row.at[chunk * WIDE + i];
        if (in_row(column))
        {
            if (WIDE == PACK) store_pack(address + column, wide);
            else address[column] = to_scalar(wide.at[0]);
        }
        store_chunks<chunk + 1>(address, lane, shift, row);
    }
}

// Places outside the row get `beyond`, neutral in whatever the caller computes next.
__device__ __forceinline__ held load_row(const scalar* address, int lane, accum beyond, int shift = 0)
{
    held row;
    load_chunks<0>(address, lane, beyond, shift, row);
    return row;
}

__device__ __forceinline__ void store_row(scalar* address, int lane, const held& row, int shift = 0)
{
    store_chunks<0>(address, lane, shift, row);
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
