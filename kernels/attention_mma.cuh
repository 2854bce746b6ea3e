// What the kernels of attention_mma.cu share: rows between global memory, shared memory and fragments. Compiled for one HEAD_DIM and one KEYS.
#pragma once
#include "mma.cuh"
#include "philox.cuh"

#if !defined(HEAD_DIM)
#define HEAD_DIM 64
#define KEYS 208
#endif

#if defined(DTYPE_BF16)

constexpr int STEPS = HEAD_DIM / 16;                    // of the products' inner dimension d
constexpr int PACKS = HEAD_DIM / 8;                     // 16-byte packs of a row
constexpr int PITCH = (PACKS | 1) * 8;                  // elements from row to row in shared memory: an odd number of packs, so that the 8 rows
                                                        // of a matrix lie in different banks
constexpr int DS_PITCH = 24;                            // the same for 16 queries
constexpr float LOG2E = 1.44269504088896340736f;

extern __shared__ __align__(16) unsigned char shared[];

// Starts copying rows first to first + count - 1 of one head; zeros past `total`. Thread `thread` of `threads` does its part.
__device__ __forceinline__ void fetch_rows(
    scalar* to, const scalar* from, long long row_stride, long long first, int count, long long total, int thread, int threads)
{
    for (int i = thread; i < count * PACKS; i += threads)
    {
        int row = i / PACKS, column = i % PACKS * 8;
        bool inside = first + row < total;
        cp_async16(to + row * PITCH + column, from + (inside ? first + row : 0) * row_stride + column, inside);
    }
}

// Rows first to first + count - 1, as far as they are below `total`, from shared memory (row 0 on) to their place.
__device__ __forceinline__ void store_rows(
    scalar* to, const scalar* from, long long row_stride, long long first, int count, long long total, int thread, int threads)
{
    for (int i = thread; i < count * PACKS; i += threads)
    {
        int row = i / PACKS, column = i % PACKS * 8;
        if (first + row < total) store16(to + (first + row) * row_stride + column, load16(from + row * PITCH + column));
    }
}

// The address that this lane gives ldmatrix_x4 for 16 rows and 16 columns. Matrices by rows first: fragments a, and b of transposed rows.
__device__ __forceinline__ const scalar* by_rows(const scalar* rows, int pitch, int column)
{
    int lane = threadIdx.x & 31;
    return rows + (lane & 15) * pitch + column + (lane >> 4) * 8;
}

// Matrices by columns first: fragments b of two tiles of 8 rows, and a of transposed rows.
__device__ __forceinline__ const scalar* by_columns(const scalar* rows, int pitch, int column)
{
    int lane = threadIdx.x & 31;
    return rows + ((lane & 7) + (lane >> 4) * 8) * pitch + column + (lane >> 3 & 1) * 8;
}

// sums (two tiles: 16 x 16) += a . rowsᵀ, over d: 16 rows in shared memory
__device__ __forceinline__ void multiply_by_rows(float (&first)[4], float (&second)[4], const unsigned (&a)[STEPS][4], const scalar* rows)
{
#pragma unroll
    for (int step = 0; step < STEPS; step++)
    {
        unsigned b[4];
        ldmatrix_x4(b, by_columns(rows, PITCH, 16 * step));
        mma_16816(first, a[step], b[0], b[1]);
        mma_16816(second, a[step], b[2], b[3]);
    }
}

// sums (16 x d) += a (16 x 16) . 16 rows in shared memory
__device__ __forceinline__ void add_rows(float (&sums)[PACKS][4], const unsigned (&a)[4], const scalar* rows)
{
#pragma unroll
    for (int step = 0; step < STEPS; step++)
    {
        unsigned b[4];
        ldmatrix_x4_trans(b, by_rows(rows, PITCH, 16 * step));
        mma_16816(sums[2 * step], a, b[0], b[1]);
        mma_16816(sums[2 * step + 1], a, b[2], b[3]);
    }
}

// Fragments (16 x d) of 16 rows in shared memory.
__device__ __forceinline__ void load_fragments(unsigned (&a)[STEPS][4], const scalar* rows)
{
#pragma unroll
    for (int step = 0; step < STEPS; step++) ldmatrix_x4(a[step], by_rows(rows, PITCH, 16 * step));
}

// sums (16 x d), row by row times factors, into 16 rows of shared memory as bf16.
__device__ __forceinline__ void stage_rows(scalar* rows, const float (&sums)[PACKS][4], float low, float high)
{
    int lane = threadIdx.x & 31, g = lane >> 2, q = lane & 3;
#pragma unroll
    for (int n = 0; n < PACKS; n++)
    {
        *reinterpret_cast<unsigned*>(rows + g * PITCH + 8 * n + 2 * q) = pack_bf16(low * sums[n][0], low * sums[n][1]);
        *reinterpret_cast<unsigned*>(rows + (g + 8) * PITCH + 8 * n + 2 * q) = pack_bf16(high * sums[n][2], high * sums[n][3]);
    }
}

// 1/(1 - p) or 0 for weight `index` of the [b,h,s,t] weights.
__device__ __forceinline__ float dropout_factor(long long seed, long long index, int threshold, float kept)
{
    unsigned word = philox_word((unsigned long long)seed, (unsigned long long)index);
    return dropout_keeps(word, (unsigned)threshold) ? kept : 0.0f;
}

#endif
