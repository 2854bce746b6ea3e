// What the kernels of attention share: how rows of one head come into shared memory, and the three products that one warp does with them.
// Compiled for one HEAD_DIM (d), and for PACKED = 1 where rows can be read 16 bytes at a time (d and all strides multiples of PACK).
//
// A warp owns 4 query rows; its lanes are the 32 keys of a tile while scores are made, and columns of a row while rows are summed.
#pragma once
#include "common.cuh"
#include "philox.cuh"

#if !defined(HEAD_DIM)
#define HEAD_DIM 64
#define PACKED 1
#endif

constexpr int QUAD = 16 / (int)sizeof(accum);                     // accums in 16 bytes
constexpr int DEPTH_QUADS = HEAD_DIM == 0 ? 1 : (HEAD_DIM + QUAD - 1) / QUAD;
constexpr int STRIDE = (DEPTH_QUADS | 1) * QUAD;                  // an odd number of quads: 8 lanes reading 8 rows hit all 32 banks once
constexpr int COLUMNS = HEAD_DIM == 0 ? 1 : (HEAD_DIM + 31) / 32; // of a row, for each lane
constexpr int TILE = 32;                                          // keys of a tile
constexpr int WARP_ROWS = 4;

struct quad
{
    accum at[QUAD];
};

__device__ __forceinline__ quad load_quad(const accum* address)
{
    union { bytes16 raw; quad value; } memory;
    memory.raw = load16(address);
    return memory.value;
}

__device__ __forceinline__ void store_quad(accum* address, const quad& value)
{
    union { bytes16 raw; quad value; } memory;
    memory.value = value;
    store16(address, memory.raw);
}

__device__ __forceinline__ accum negative_infinity() { return __uint_as_float(0xff800000u); }
__device__ __forceinline__ int smaller(int a, int b) { return a < b ? a : b; }

// Rounded before anything is added: forward and backward must make the same score, or weights of large scores no longer sum to one.
__device__ __forceinline__ float rounded_product(float a, float b) { return __fmul_rn(a, b); }
__device__ __forceinline__ double rounded_product(double a, double b) { return __dmul_rn(a, b); }
__device__ __forceinline__ float exponential(float x) { return expf(x); }
__device__ __forceinline__ double exponential(double x) { return exp(x); }

// Rows first to first + count - 1 of one head as accum; zeros past `total` and past d. The whole block takes part.
__device__ __forceinline__ void load_rows(accum* to, const scalar* from, long long row_stride, long long first, int count, long long total)
{
#if PACKED
    constexpr int PACKS = HEAD_DIM / PACK;
    for (int i = threadIdx.x; i < count * PACKS; i += blockDim.x)
    {
        int row = i / PACKS, column = i % PACKS * PACK;
        pack x;
        if (first + row < total)
        {
            x = load_pack(from + (first + row) * row_stride + column);
        }
        else
        {
#pragma unroll
            for (int e = 0; e < PACK; e++) x.at[e] = 0;
        }

        // A bf16 pack is two quads. Half of the lanes store the second one first, so that 8 lanes fill 32 banks.
        accum* cell = to + row * STRIDE + column;
        bool swap = PACK > QUAD && (i & 4) != 0;
#pragma unroll
        for (int half = 0; half < PACK; half += QUAD)
        {
            quad y;
#pragma unroll
            for (int e = 0; e < QUAD; e++) y.at[e] = swap ? x.at[PACK - QUAD - half + e] : x.at[half + e];
            store_quad(cell + (swap ? PACK - QUAD - half : half), y);
        }
    }
#else
    constexpr int WIDTH = DEPTH_QUADS * QUAD;
    for (int i = threadIdx.x; i < count * WIDTH; i += blockDim.x)
    {
        int row = i / WIDTH, column = i % WIDTH;
        bool inside = first + row < total && column < HEAD_DIM;
        to[row * STRIDE + column] = inside ? to_accum(from[(first + row) * row_stride + column]) : accum(0);
    }
#endif
}

// dots[r] = row r of 4 rows . one row of a tile
__device__ __forceinline__ void dot_rows(accum (&dots)[WARP_ROWS], const accum* rows, const accum* other)
{
#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++) dots[r] = 0;
#pragma unroll 4
    for (int i = 0; i < DEPTH_QUADS; i++)
    {
        quad b = load_quad(other + i * QUAD);
#pragma unroll
        for (int r = 0; r < WARP_ROWS; r++)
        {
            quad a = load_quad(rows + r * STRIDE + i * QUAD);
#pragma unroll
            for (int e = 0; e < QUAD; e++) dots[r] += a.at[e] * b.at[e];
        }
    }
}

__device__ __forceinline__ accum column_of(const accum* row, int n)
{
    int column = (threadIdx.x & 31) + 32 * n;
    return 32 * n + 31 < HEAD_DIM || column < HEAD_DIM ? row[column] : accum(0);
}

// sums[r] += weights of row r . the rows of a tile; row r's weights are at strips[r]
__device__ __forceinline__ void add_weighted_rows(accum (&sums)[WARP_ROWS][COLUMNS], const accum* const (&strips)[WARP_ROWS], const accum* tile)
{
    for (int j = 0; j < TILE; j += QUAD)
    {
        quad weights[WARP_ROWS];
#pragma unroll
        for (int r = 0; r < WARP_ROWS; r++) weights[r] = load_quad(strips[r] + j);
#pragma unroll
        for (int e = 0; e < QUAD; e++)
        {
#pragma unroll
            for (int n = 0; n < COLUMNS; n++)
            {
                accum x = column_of(tile + (j + e) * STRIDE, n);
#pragma unroll
                for (int r = 0; r < WARP_ROWS; r++) sums[r][n] += weights[r].at[e] * x;
            }
        }
    }
}

// sums[i] += over rows: weights[row][i] . rows[row], for 4 neighbouring keys i: a transposed product
__device__ __forceinline__ void add_to_keys(accum (&sums)[WARP_ROWS][COLUMNS], const accum* weights, long long width, const accum* rows, int count)
{
    for (int row = 0; row < count; row++)
    {
        accum factors[WARP_ROWS];
#pragma unroll
        for (int i = 0; i < WARP_ROWS; i += QUAD)
        {
            quad x = load_quad(weights + row * width + i);
#pragma unroll
            for (int e = 0; e < QUAD; e++) factors[i + e] = x.at[e];
        }

#pragma unroll
        for (int n = 0; n < COLUMNS; n++)
        {
            accum x = column_of(rows + row * STRIDE, n);
#pragma unroll
            for (int i = 0; i < WARP_ROWS; i++) sums[i][n] += factors[i] * x;
        }
    }
}

__device__ __forceinline__ void clear_sums(accum (&sums)[WARP_ROWS][COLUMNS])
{
#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++)
    {
#pragma unroll
        for (int n = 0; n < COLUMNS; n++) sums[r][n] = 0;
    }
}

// One row of sums to memory: neighbouring lanes write neighbouring elements.
__device__ __forceinline__ void write_row(scalar* to, const accum (&sums)[COLUMNS], accum factor)
{
#pragma unroll
    for (int n = 0; n < COLUMNS; n++)
    {
        int column = (threadIdx.x & 31) + 32 * n;
        if (32 * n + 31 < HEAD_DIM || column < HEAD_DIM) to[column] = to_scalar(factor * sums[n]);
    }
}

// 1/(1 - p) or 0 for weight `index` of the [b,h,s,t] weights; 1 without dropout (threshold 0).
__device__ __forceinline__ accum dropout_factor(long long seed, long long index, int threshold, accum kept)
{
    if (threshold == 0) return 1;
    unsigned word = philox_word((unsigned long long)seed, (unsigned long long)index);
    return dropout_keeps(word, (unsigned)threshold) ? kept : accum(0);
}
