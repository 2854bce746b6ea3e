// Layer normalisation with residual, forward and backward. Twin of LayerNorm.Cpu.cs.
#include "row.cuh"

constexpr int TOGETHER = 2;         // rows that a warp of forward has at once: both use the weights that it reads once
constexpr int IN_TURN = 4;          // rows that a warp of backward takes one after another into its sums of dweight and dbias
constexpr int WARPS = 4;

// layer_norm_forward: y = (s - mean) * rstd * weight + bias over the last axis, s = x + residual. Twin of LayerNorm.Cpu.cs.
//   operator layer_norm
//   shapes   x, residual, y, sum [rows,d]; weight, bias [d]; mean, rstd [rows]; any rows >= 0, 1 <= d <= 1024, d = ROW
//   launch   grid ceil(rows/8); block 128; shared 0
//   reads    2*S*d*ceil(rows/2) + (residual ? 2*S*d*ceil(rows/2) : 0) + 2*S*d*ceil(rows/2)
//   writes   S*rows*d + (residual ? S*rows*d : 0) + 2*A*rows
//   bound    memory
//   why      a warp holds two rows in registers: x is read once, sums are shuffles alone, and the weights, which come from L1 after the
//            first rows, are read once for both
//   from     Ba et al. 2016, arXiv:1607.06450, eq. 3-4; two passes in registers, since E[x^2] - E[x]^2 cancels in f32
extern "C" __global__ void __launch_bounds__(128) layer_norm_forward(
    const scalar* x, const scalar* residual, const scalar* weight, const scalar* bias, accum eps,
    scalar* y, scalar* sum, accum* mean, accum* rstd, long long rows, int d)
{
    int lane = threadIdx.x % 32;
    long long first = (blockIdx.x * (long long)WARPS + threadIdx.x / 32) * TOGETHER;
    if (first >= rows) return;
    held s[TOGETHER];
#pragma unroll
    for (int r = 0; r < TOGETHER; r++)
    {
        long long row = first + r < rows ? first + r : first;       // the last warp may have one row twice: it stores it once
        s[r] = load_row(x + row * ROW, lane, 0);
        if (residual)
        {
            held other = load_row(residual + row * ROW, lane, 0);
#pragma unroll
            for (int i = 0; i < HELD; i++) s[r].at[i] = to_accum(to_scalar(s[r].at[i] + other.at[i]));  // as backward will read it
            if (first + r < rows) store_row(sum + row * ROW, lane, s[r]);
        }
    }

#pragma unroll
    for (int r = 0; r < TOGETHER; r++)
    {
        // 1. mean
        accum average = row_sum(s[r]) / ROW;

        // 2. rstd
        held squares;
#pragma unroll
        for (int i = 0; i < HELD; i++)
        {
            s[r].at[i] -= average;
            bool inside = ROW % CHUNK == 0 || in_row(row_column(i / WIDE, lane));
            squares.at[i] = inside ? s[r].at[i] * s[r].at[i] : accum(0);
        }
        accum inverse = accum(1) / sqrt(row_sum(squares) / ROW + eps);
        if (lane == 0 && first + r < rows)
        {
            mean[first + r] = average;
            rstd[first + r] = inverse;
        }
#pragma unroll
        for (int i = 0; i < HELD; i++) s[r].at[i] *= inverse;
    }

    // 3. normalise, scale, shift
    held scale = load_row(weight, lane, 0), shift = load_row(bias, lane, 0);
#pragma unroll
    for (int r = 0; r < TOGETHER; r++)
    {
#pragma unroll
        for (int i = 0; i < HELD; i++) s[r].at[i] = s[r].at[i] * scale.at[i] + shift.at[i];
        if (first + r < rows) store_row(y + (first + r) * ROW, lane, s[r]);
    }
}

// Where column `c` of a row lies in shared memory: the registers of the lanes one after another, lines a little longer than a warp, so
// that neither storing registers nor reading columns makes two lanes meet in a bank.
constexpr int LINE = WIDE == 1 ? 32 : 32 + 128 / (int)sizeof(accum) / WIDE;
__device__ __forceinline__ int column_slot(int c) { return (c / CHUNK * WIDE + c % WIDE) * LINE + c % CHUNK / WIDE; }

// Adds the four warps' rows in fixed order, (0 + 2) + (1 + 3), and writes the sum to part.
__device__ __forceinline__ void store_warps_sum(held& row, accum* shared, accum* part)
{
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    __syncthreads();
    if (warp >= 2)
    {
#pragma unroll
        for (int i = 0; i < HELD; i++) shared[((warp - 2) * HELD + i) * 32 + lane] = row.at[i];
    }
    __syncthreads();
    if (warp < 2)
    {
#pragma unroll
        for (int i = 0; i < HELD; i++) row.at[i] += shared[(warp * HELD + i) * 32 + lane];
    }
    __syncthreads();
    if (warp == 1)
    {
#pragma unroll
        for (int i = 0; i < HELD; i++) shared[i * LINE + lane] = row.at[i];
    }
    __syncthreads();
    if (warp == 0)
    {
#pragma unroll
        for (int i = 0; i < HELD; i++) shared[i * LINE + lane] += row.at[i];
    }
    __syncthreads();
    for (int c = threadIdx.x; c < ROW; c += 32 * WARPS) part[c] = shared[column_slot(c)];
}

// layer_norm_backward: with n = (s - mean) * rstd and g = dy * weight: ds = rstd * (g - mean(g) - n * mean(g * n)) + dsum, and the sums of
// dy * n and dy over the block's 16 rows. Twin of LayerNorm.Cpu.cs.
//   operator layer_norm
//   shapes   s, dy, dsum, ds [rows,d]; weight [d]; mean, rstd [rows]; parts [2,ceil(rows/16),d]; any rows >= 0, 1 <= d <= 1024, d = ROW;
//            dy null: zero; dsum null: nothing arrived; ds null, parts null: not wanted
//   launch   grid ceil(rows/16); block 128; shared 0
//   reads    S*rows*d + (dy ? S*rows*d : 0) + (ds ? (dsum ? S*rows*d : 0) : 0) + S*d*ceil(rows/4) + 32*2*A*rows
//   writes   (ds ? S*rows*d : 0) + (parts ? 2*A*d*ceil(rows/16) : 0)
//   bound    memory
//   why      a warp holds its row, the weights and its sums of dweight and dbias in registers; the four warps meet once, at the end, in
//            shared memory: sums in fixed order, no atomics
extern "C" __global__ void __launch_bounds__(128) layer_norm_backward(
    const scalar* s, const scalar* weight, const accum* mean, const accum* rstd, const scalar* dy, const scalar* dsum,
    scalar* ds, accum* parts, long long rows, int d)
{
    __shared__ accum shared[2 * HELD * 32];
    int lane = threadIdx.x % 32;
    long long first = (blockIdx.x * (long long)WARPS + threadIdx.x / 32) * IN_TURN;
    held dweight = constant_row(0), dbias = constant_row(0);
    if (first < rows)
    {
        held scale = load_row(weight, lane, 0);
        for (int r = 0; r < IN_TURN && first + r < rows; r++)
        {
            long long row = first + r;
            accum average = mean[row], inverse = rstd[row];
            held n = load_row(s + row * ROW, lane, average), g = dy ? load_row(dy + row * ROW, lane, 0) : constant_row(0);
            held products;
#pragma unroll
            for (int i = 0; i < HELD; i++)
            {
                n.at[i] = (n.at[i] - average) * inverse;
                dweight.at[i] += g.at[i] * n.at[i];
                dbias.at[i] += g.at[i];
                g.at[i] *= scale.at[i];
                products.at[i] = g.at[i] * n.at[i];
            }
            if (ds == nullptr) continue;
            accum mean_g = row_sum(g) / ROW, mean_gn = row_sum(products) / ROW;
            held direct = dsum ? load_row(dsum + row * ROW, lane, 0) : constant_row(0);
#pragma unroll
            for (int i = 0; i < HELD; i++) n.at[i] = inverse * (g.at[i] - mean_g - n.at[i] * mean_gn) + direct.at[i];
            store_row(ds + row * ROW, lane, n);
        }
    }
    if (parts == nullptr) return;
    accum* part = parts + blockIdx.x * (long long)ROW;
    store_warps_sum(dweight, shared, part);
    store_warps_sum(dbias, shared, part + gridDim.x * (long long)ROW);
}

// layer_norm_backward_sums: dweight and dbias from the blocks' parts, in fixed order: 16 threads a column take every 16th part each, then
// one adds the 16. Twin of Rows.SumParts.
//   operator layer_norm
//   shapes   parts [2,count,d]; dweight, dbias [d], null: not wanted
//   launch   grid ceil(d/32), 2; block 512; shared 0
//   reads    (dweight ? A*count*d : 0) + (dbias ? A*count*d : 0)
//   writes   (dweight ? S*d : 0) + (dbias ? S*d : 0)
//   bound    memory (the parts lie in L2)
//   why      a second kernel in place of float atomics: the same bits in every run
extern "C" __global__ void __launch_bounds__(512) layer_norm_backward_sums(
    const accum* parts, scalar* dweight, scalar* dbias, long long count, int d)
{
    __shared__ accum sums[16][32];
    scalar* result = blockIdx.y == 0 ? dweight : dbias;
    if (result == nullptr) return;
    int lane = threadIdx.x % 32, turn = threadIdx.x / 32, column = blockIdx.x * 32 + lane;
    const accum* part = parts + blockIdx.y * count * d + column;
    accum sum = 0;
    if (column < d)
    {
#pragma unroll 4
        for (long long p = turn; p < count; p += 16) sum += part[p * d];
    }
    sums[turn][lane] = sum;
    __syncthreads();
    if (turn != 0 || column >= d) return;
#pragma unroll
    for (int t = 1; t < 16; t++) sum += sums[t][lane];
    result[column] = to_scalar(sum);
}
