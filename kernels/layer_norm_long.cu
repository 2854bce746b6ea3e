// Layer normalisation of rows beyond 1024, which no warp can hold: a block a row, reading it again from L1 and L2.
// Twin of LayerNorm.Cpu.cs.
#include "common.cuh"

// layer_norm_long_forward: y = (s - mean) * rstd * weight + bias over the last axis, s = x + residual. Twin of LayerNorm.Cpu.cs.
//   operator layer_norm
//   shapes   x, residual, y, sum [rows,d]; weight, bias [d]; mean, rstd [rows]; any rows >= 0, d >= 1
//   launch   grid rows; block 256; shared 0
//   reads    3*S*rows*d + (residual ? S*rows*d : 0) + 2*S*rows*d
//   writes   S*rows*d + (residual ? S*rows*d : 0) + 2*A*rows
//   bound    memory
//   why      reads the row three times (a row of a few thousand stays in L1) and the weights once a row: simple, for sizes that our models
//            do not have
//   from     Ba et al. 2016, arXiv:1607.06450, eq. 3-4
extern "C" __global__ void __launch_bounds__(256) layer_norm_long_forward(
    const scalar* x, const scalar* residual, const scalar* weight, const scalar* bias, accum eps,
    scalar* y, scalar* sum, accum* mean, accum* rstd, long long rows, int d)
{
    __shared__ accum scratch[2][32];
    long long row = blockIdx.x;
    const scalar* s = residual ? sum + row * d : x + row * d;

    // 1. mean
    accum total = 0;
    for (int c = threadIdx.x; c < d; c += 256)
    {
        scalar value = x[row * d + c];
        if (residual)
        {
            value = to_scalar(to_accum(value) + to_accum(residual[row * d + c]));
            sum[row * d + c] = value;       // read again by this thread alone
        }
        total += to_accum(value);
    }
    accum average = block_sum(total, scratch[0]) / d;

    // 2. rstd
    total = 0;
    for (int c = threadIdx.x; c < d; c += 256)
    {
        accum distance = to_accum(s[c]) - average;
        total += distance * distance;
    }
    accum inverse = accum(1) / sqrt(block_sum(total, scratch[1]) / d + eps);
    if (threadIdx.x == 0)
    {
        mean[row] = average;
        rstd[row] = inverse;
    }

    // 3. normalise, scale, shift
    for (int c = threadIdx.x; c < d; c += 256)
    {
        y[row * d + c] = to_scalar((to_accum(s[c]) - average) * inverse * to_accum(weight[c]) + to_accum(bias[c]));
    }
}

// layer_norm_long_backward: ds = rstd * (g - mean(g) - n * mean(g * n)) + dsum. Twin of LayerNorm.Cpu.cs.
//   operator layer_norm
//   shapes   s, dy, dsum, ds [rows,d]; weight [d]; mean, rstd [rows]; any rows >= 0, d >= 1; dy null: zero; dsum null: nothing arrived
//   launch   grid rows; block 256; shared 0
//   reads    2*S*rows*d + (dy ? 2*S*rows*d : 0) + (dsum ? S*rows*d : 0) + 2*S*rows*d + 2*A*rows*256
//   writes   S*rows*d
//   bound    memory
//   why      reads s, dy and weight twice: once for the two sums, once for the result
extern "C" __global__ void __launch_bounds__(256) layer_norm_long_backward(
    const scalar* s, const scalar* weight, const accum* mean, const accum* rstd, const scalar* dy, const scalar* dsum,
    scalar* ds, long long rows, int d)
{
    __shared__ accum scratch[2][32];
    long long row = blockIdx.x;
    accum average = mean[row], inverse = rstd[row], sum_g = 0, sum_gn = 0;
    for (int c = threadIdx.x; c < d; c += 256)
    {
        accum g = dy ? to_accum(dy[row * d + c]) * to_accum(weight[c]) : accum(0);
        sum_g += g;
        sum_gn += g * (to_accum(s[row * d + c]) - average) * inverse;
    }
    accum mean_g = block_sum(sum_g, scratch[0]) / d, mean_gn = block_sum(sum_gn, scratch[1]) / d;
    for (int c = threadIdx.x; c < d; c += 256)
    {
        accum g = dy ? to_accum(dy[row * d + c]) * to_accum(weight[c]) : accum(0), n = (to_accum(s[row * d + c]) - average) * inverse;
        accum direct = dsum ? to_accum(dsum[row * d + c]) : accum(0);
        ds[row * d + c] = to_scalar(inverse * (g - mean_g - n * mean_gn) + direct);
    }
}

// layer_norm_long_columns: the sums of dy * n and dy over 16 rows, for every column; layer_norm_backward_sums adds them up.
//   operator layer_norm
//   shapes   s, dy [rows,d]; mean, rstd [rows]; parts [2,ceil(rows/16),d]; dy null: zero
//   launch   grid ceil(rows/16)*ceil(d/256); block 256; shared 0
//   reads    (dy ? 2*S*rows*d + 2*A*rows*d : 0)
//   writes   2*A*d*ceil(rows/16)
//   bound    memory
//   why      a thread a column reads s and dy a second time: neighbours read neighbours
extern "C" __global__ void __launch_bounds__(256) layer_norm_long_columns(
    const scalar* s, const accum* mean, const accum* rstd, const scalar* dy, accum* parts, long long rows, int d)
{
    int across = (d + 255) / 256, column = blockIdx.x % across * 256 + threadIdx.x;
    long long part = blockIdx.x / across, count = gridDim.x / across;
    if (column >= d) return;
    accum dweight = 0, dbias = 0;
    for (long long row = part * 16; dy && row < rows && row < part * 16 + 16; row++)
    {
        accum g = to_accum(dy[row * d + column]);
        dweight += g * (to_accum(s[row * d + column]) - mean[row]) * rstd[row];
        dbias += g;
    }
    parts[part * d + column] = dweight;
    parts[(count + part) * d + column] = dbias;
}
