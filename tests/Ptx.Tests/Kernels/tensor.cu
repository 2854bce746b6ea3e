// Every wrapper of mma.cuh in one warp: c = a b for a [16,64] and b [64,16], once with b stored [16,64] (b_rows) and once [64,16]
// (b_columns), slabs of 16 brought by cp.async two ahead. `part` leaves the last slab's rows from `part` on zero.
#include "mma.cuh"

extern "C" __global__ void tensor(const bf16* a, const bf16* b_rows, const bf16* b_columns, float* c, float* c_columns, unsigned* packed,
    int part)
{
    __shared__ __align__(16) bf16 a_slab[3][16 * 16], rows_slab[3][16 * 16], columns_slab[3][16 * 16];
    int lane = threadIdx.x, g = lane / 4, q = lane % 4;
    float sums[2][4] = {}, column_sums[2][4] = {};
    auto fetch = [&](int slab) {
        // 16 rows of 32 bytes, in two pieces of 16 each.
        int row = lane / 2, piece = 8 * (lane % 2), to = 16 * row + piece;
        cp_async16(&a_slab[slab % 3][to], a + 64 * row + 16 * slab + piece, true);
        cp_async16(&rows_slab[slab % 3][to], b_rows + 64 * row + 16 * slab + piece, true);
        cp_async16(&columns_slab[slab % 3][to], b_columns + 16 * (16 * slab + row) + piece, slab < 3 || row < part);
        cp_async_commit();
    };
    fetch(0);
    fetch(1);
#pragma unroll
    for (int slab = 0; slab < 4; slab++)
    {
        if (slab < 3) cp_async_wait<1>();
        else cp_async_wait<0>();
        __syncwarp();
        if (slab < 2) fetch(slab + 2);
        unsigned left[4], right[2], both[4];
        ldmatrix_x4(left, &a_slab[slab % 3][16 * (lane % 16) + 8 * (lane / 16)]);
#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            ldmatrix_x2(right, &rows_slab[slab % 3][16 * (8 * half + lane % 8) + 8 * (lane / 8 % 2)]);
            mma_16816(sums[half], left, right[0], right[1]);
        }
        if (slab % 2 == 0)
        {
            ldmatrix_x4_trans(both, &columns_slab[slab % 3][16 * (lane % 16) + 8 * (lane / 16)]);
            mma_16816(column_sums[0], left, both[0], both[1]);
            mma_16816(column_sums[1], left, both[2], both[3]);
        }
        else
        {
#pragma unroll
            for (int half = 0; half < 2; half++)
            {
                ldmatrix_x2_trans(right, &columns_slab[slab % 3][16 * (lane % 16) + 8 * half]);
                mma_16816(column_sums[half], left, right[0], right[1]);
            }
        }
        __syncwarp();
    }
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int at = 16 * (g + 8 * (i / 2)) + 8 * half + 2 * q + i % 2;
            c[at] = sums[half][i];
            c_columns[at] = column_sums[half][i];
        }
    }
    packed[lane] = pack_bf16((float)lane, -(float)lane / 3.0f);
}
