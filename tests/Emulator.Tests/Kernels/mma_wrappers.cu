// Every wrapper of mma.cuh on one warp: five ways to load the operands of one product of whole numbers, which must all give the same.
#define DTYPE_BF16
#include "mma.cuh"

constexpr int ROW = 24;         // elements from row to row in shared memory: 3 packs, so that 8 rows lie in different banks

__device__ __forceinline__ void put(float* y, int column, const float (&d)[4])
{
    int lane = threadIdx.x & 31;
    for (int e = 0; e < 4; e++) y[((lane >> 2) + 8 * (e >> 1)) * 16 + column + 2 * (lane & 3) + (e & 1)] = d[e];
}

__device__ __forceinline__ void fetch(bf16* to, const bf16* from, int rows)
{
    int lane = threadIdx.x & 31;
    cp_async16(to + lane / 2 * ROW + lane % 2 * 8, from + lane * 8, lane / 2 < rows);
}

// a, b, and both transposed [16,16], of a only the first rows are taken; y [5,16,16]: a b in four ways, then twice it
extern "C" __global__ void mma_wrappers(const bf16* a, const bf16* b, const bf16* a_transposed, const bf16* b_transposed, float* y, int rows)
{
    __shared__ __align__(16) bf16 tiles[4][16 * ROW];
    int lane = threadIdx.x & 31, low = lane & 7, high = lane >> 4, middle = lane >> 3 & 1;
    fetch(tiles[0], a, rows);
    cp_async_commit();
    fetch(tiles[1], b, 16);
    cp_async_commit();
    fetch(tiles[2], a_transposed, 16);
    fetch(tiles[3], b_transposed, 16);
    cp_async_commit();
    cp_async_wait<1>();
    __syncwarp();

    unsigned left[4], right[4], half[2];
    ldmatrix_x4(left, tiles[0] + (lane & 15) * ROW + high * 8);
    for (int column = 0; column < 16; column += 8)
    {
        float d[4] = {};
        ldmatrix_x2_trans(half, tiles[1] + (lane & 15) * ROW + column);
        mma_16816(d, left, half[0], half[1]);
        put(y, column, d);
    }

    float first[4] = {}, second[4] = {};
    ldmatrix_x4_trans(right, tiles[1] + (lane & 15) * ROW + high * 8);
    mma_16816(first, left, right[0], right[1]);
    mma_16816(second, left, right[2], right[3]);
    put(y + 256, 0, first);
    put(y + 256, 8, second);

    cp_async_wait<0>();
    __syncwarp();
    for (int column = 0; column < 16; column += 8)
    {
        float d[4] = {};
        ldmatrix_x2(half, tiles[3] + (column + low) * ROW + middle * 8);
        mma_16816(d, left, half[0], half[1]);
        put(y + 512, column, d);
    }

    float third[4] = {}, fourth[4] = {};
    ldmatrix_x4(right, tiles[3] + (low + high * 8) * ROW + middle * 8);
    mma_16816(third, left, right[0], right[1]);
    mma_16816(fourth, left, right[2], right[3]);
    put(y + 768, 0, third);
    put(y + 768, 8, fourth);

    // a from its transpose, and the sums of the way before go on
    ldmatrix_x4_trans(left, tiles[2] + (low + high * 8) * ROW + middle * 8);
    mma_16816(third, left, right[0], right[1]);
    mma_16816(fourth, left, right[2], right[3]);
    put(y + 1024, 0, third);
    put(y + 1024, 8, fourth);
}

// y[i] = the two floats x[2i], x[2i + 1] as bf16
extern "C" __global__ void mma_packs(const float* x, unsigned* y, int count)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) y[i] = pack_bf16(x[2 * i], x[2 * i + 1]);
}
