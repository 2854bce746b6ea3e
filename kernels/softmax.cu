// Softmax over the last axis, with an additive mask, forward and backward. Twin of Softmax.Cpu.cs.
#include "row.cuh"

// Where the mask's row for row `row` of x begins. The mask broadcasts: along up to three groups of outer axes (sizes n0 outside, n1, n2)
// it moves by m0, m1, m2 elements, 0 where it repeats.
__device__ __forceinline__ long long mask_offset(long long row, long long n1, long long n2, long long m0, long long m1, long long m2)
{
    long long inner = row % n2;
    row /= n2;
    return row / n1 * m0 + row % n1 * m1 + inner * m2;
}

// softmax_forward: y = exp(z - max z) / sum exp(z - max z) over the last axis, z = x + mask; a row of -inf gives zeros.
// Twin of Softmax.Cpu.cs.
//   operator softmax
//   shapes   x, y [rows,d]; mask as its axes say, its columns move by 1 or 0 (mask_column); any rows >= 0, 1 <= d <= 1024, d = ROW
//   launch   grid ceil(rows/4); block 128; shared 0
//   reads    S*rows*d + (mask ? (mask_column ? S*rows*d : S*rows*32) : 0)
//   writes   S*rows*d
//   bound    memory
//   why      a warp holds the row in registers: one read, one write; maximum and sum are shuffles alone. A mask that repeats comes from L1
//   sectors  1.06 (bf16 1.14) with a mask that repeats and rows of no multiple of 32 bytes: accesses are of whole sectors of x and y, and
//            the mask lies otherwise
extern "C" __global__ void __launch_bounds__(128) softmax_forward(
    const scalar* x, const scalar* mask, scalar* y, long long rows, int d, int mask_column,
    long long n1, long long n2, long long m0, long long m1, long long m2)
{
    int lane = threadIdx.x % 32;
    long long row = blockIdx.x * 4LL + threadIdx.x / 32;
    if (row >= rows) return;
    int shift = row_shift(row);
    held z = load_row(x + row * ROW, lane, -infinity(), shift);

    // 1. mask
    if (mask)
    {
        const scalar* line = mask + mask_offset(row, n1, n2, m0, m1, m2);
        held add = mask_column ? load_row(line, lane, 0, shift) : constant_row(to_accum(*line));
#pragma unroll
        for (int i = 0; i < HELD; i++) z.at[i] += add.at[i];
    }

    // 2. exp of the distance to the maximum
    accum highest = -infinity();
#pragma unroll
    for (int i = 0; i < HELD; i++) highest = max_or_nan(highest, z.at[i]);
    highest = warp_max(highest);
    if (highest == -infinity())
    {
        store_row(y + row * ROW, lane, constant_row(0), shift);
        return;
    }
#pragma unroll
    for (int i = 0; i < HELD; i++) z.at[i] = exp(z.at[i] - highest);

    // 3. divide by the sum
    accum inverse = accum(1) / row_sum(z);
#pragma unroll
    for (int i = 0; i < HELD; i++) z.at[i] *= inverse;
    store_row(y + row * ROW, lane, z, shift);
}

// softmax_backward: dx = y * (dy - sum dy * y). Twin of Softmax.Cpu.cs.
//   operator softmax
//   shapes   y, dy, dx [rows,d]; any rows >= 0, 1 <= d <= 1024, d = ROW
//   launch   grid ceil(rows/4); block 128; shared 0
//   reads    2*S*rows*d
//   writes   S*rows*d
//   bound    memory
//   why      a warp holds both rows in registers
extern "C" __global__ void __launch_bounds__(128) softmax_backward(
    const scalar* y, const scalar* dy, scalar* dx, long long rows, int d)
{
    int lane = threadIdx.x % 32;
    long long row = blockIdx.x * 4LL + threadIdx.x / 32;
    if (row >= rows) return;
    int shift = row_shift(row);
    held p = load_row(y + row * ROW, lane, 0, shift), g = load_row(dy + row * ROW, lane, 0, shift), products;
#pragma unroll
    for (int i = 0; i < HELD; i++) products.at[i] = p.at[i] * g.at[i];
    accum dot = row_sum(products);
#pragma unroll
    for (int i = 0; i < HELD; i++) p.at[i] *= g.at[i] - dot;
    store_row(dx + row * ROW, lane, p, shift);
}

// softmax_long_forward: the same for rows beyond 1024, a block a row. Twin of Softmax.Cpu.cs.
//   operator softmax
//   shapes   as softmax_forward, any d >= 1
//   launch   grid rows; block 256; shared 0
//   reads    3*S*rows*d + (mask ? (mask_column ? 3*S*rows*d : S*rows*256) : 0)
//   writes   S*rows*d
//   bound    memory
//   why      no warp can hold the row, so maximum, sum and result each read it; the second and third time it comes from L1 or L2
extern "C" __global__ void __launch_bounds__(256) softmax_long_forward(
    const scalar* x, const scalar* mask, scalar* y, long long rows, int d, int mask_column,
    long long n1, long long n2, long long m0, long long m1, long long m2)
{
    __shared__ accum scratch[2][32];
    long long row = blockIdx.x;
    const scalar* line = mask ? mask + mask_offset(row, n1, n2, m0, m1, m2) : nullptr;
    accum all = line && !mask_column ? to_accum(*line) : accum(0), highest = -infinity(), sum = 0;
    bool columns = line && mask_column;
    x += row * d;
    y += row * d;
    for (int c = threadIdx.x; c < d; c += 256) highest = max_or_nan(highest, to_accum(x[c]) + (columns ? to_accum(line[c]) : all));
    highest = warp_max(highest);
    if (threadIdx.x % 32 == 0) scratch[0][threadIdx.x / 32] = highest;
    __syncthreads();
#pragma unroll
    for (int warp = 0; warp < 8; warp++) highest = max_or_nan(highest, scratch[0][warp]);
    bool dead = highest == -infinity();       // the whole block agrees
    for (int c = threadIdx.x; c < d && !dead; c += 256) sum += exp(to_accum(x[c]) + (columns ? to_accum(line[c]) : all) - highest);
    accum inverse = accum(1) / block_sum(sum, scratch[1]);
    for (int c = threadIdx.x; c < d; c += 256)
    {
        y[c] = to_scalar(dead ? accum(0) : exp(to_accum(x[c]) + (columns ? to_accum(line[c]) : all) - highest) * inverse);
    }
}

// softmax_long_backward: the same for rows beyond 1024, a block a row. Twin of Softmax.Cpu.cs.
//   operator softmax
//   shapes   y, dy, dx [rows,d]; any rows >= 0, d >= 1
//   launch   grid rows; block 256; shared 0
//   reads    4*S*rows*d
//   writes   S*rows*d
//   bound    memory
//   why      the row is read once for the sum and once, from L1 or L2, for the result
extern "C" __global__ void __launch_bounds__(256) softmax_long_backward(
    const scalar* y, const scalar* dy, scalar* dx, long long rows, int d)
{
    __shared__ accum scratch[32];
    long long row = blockIdx.x;
    accum sum = 0;
    for (int c = threadIdx.x; c < d; c += 256) sum += to_accum(y[row * d + c]) * to_accum(dy[row * d + c]);
    accum dot = block_sum(sum, scratch);
    for (int c = threadIdx.x; c < d; c += 256)
    {
        dx[row * d + c] = to_scalar(to_accum(y[row * d + c]) * (to_accum(dy[row * d + c]) - dot));
    }
}
