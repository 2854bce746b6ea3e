// Cross-entropy on logits against class indices, forward and backward. Twin of CrossEntropy.Cpu.cs.
#include "common.cuh"

// A row has a group of `group` lanes, a power of two up to 32, so that short rows do not leave a warp idle. Lanes of one group have the same
// row; a group beyond the last row works on the last one and writes nothing, since all lanes of a warp take part in its shuffles.

__device__ __forceinline__ accum group_sum(accum x, int group)
{
    for (int step = group / 2; step > 0; step /= 2) x += __shfl_xor_sync(FULL_WARP, x, step);
    return x;
}

// The largest of a row of logits, in every lane of its group.
__device__ __forceinline__ accum row_max(const scalar* x, int c, int lane, int group)
{
    accum highest = -infinity();
    for (int i = lane; i < c; i += group) highest = max_or_nan(highest, to_accum(x[i]));
    for (int step = group / 2; step > 0; step /= 2) highest = max_or_nan(highest, __shfl_xor_sync(FULL_WARP, highest, step));
    return highest;
}

// cross_entropy_forward: log sum exp(x) - x[target] of every row; 0 where it is ignored, NaN where the target is no class.
// Twin of CrossEntropy.Cpu.cs.
//   operator cross_entropy
//   shapes   logits [n,c]; target i64 [n]; losses [n], parts [n], one of them null; any n >= 0, c >= 1; group a power of two, at most 32
//   launch   grid ceil(n*group/128); block 128; shared 0
//   reads    (2*S*c + 8*group)*gridDim.x*128/group
//   writes   (losses ? S*n : 0) + (parts ? A*n : 0)
//   bound    latency (a batch of answers is a few KB)
//   why      some lanes a row, which they read twice, the second time from L1. The sum leaves out one maximum, so that log(1 + others) keeps
//            a small loss exact
extern "C" __global__ void __launch_bounds__(128) cross_entropy_forward(
    const scalar* logits, const long long* target, long long ignore_index, scalar* losses, accum* parts, long long n, int c, int group)
{
    int lane = threadIdx.x % group;
    long long own = (blockIdx.x * 128LL + threadIdx.x) / group, row = min(own, n - 1);
    const scalar* x = logits + row * c;
    long long answer = target[row];
    accum highest = row_max(x, c, lane, group), others = 0, highests = 0, at = 0;
    for (int i = lane; i < c; i += group)
    {
        accum value = to_accum(x[i]);
        if (i == answer) at = value;
        if (value == highest) highests += 1;
        else others += exp(value - highest);
    }
    others = group_sum(others, group) + (group_sum(highests, group) - 1);
    accum loss = highest - group_sum(at, group) + log1p(others);
    if (answer < 0 || answer >= c) loss = infinity() - infinity();
    if (answer == ignore_index) loss = 0;
    if (lane != 0 || own >= n) return;
    if (losses) losses[row] = to_scalar(loss);
    else parts[row] = loss;
}

// cross_entropy_reduce: loss = scale * sum of the rows' losses, and the scale itself, which backward wants: for a mean 1 / the number of
// rows that count (0 where none does), else 1. Twin of CrossEntropy.Cpu.cs.
//   operator cross_entropy
//   shapes   parts [n]; target i64 [n]; loss, scale one number each; any n >= 0
//   launch   grid 1; block 256; shared 0
//   reads    A*n + 8*n
//   writes   S + A
//   bound    latency (one block)
//   why      counts on the device: no step waits for the host, and a captured step counts its own targets
extern "C" __global__ void __launch_bounds__(256) cross_entropy_reduce(
    const accum* parts, const long long* target, long long ignore_index, int mean, scalar* loss, accum* scale, long long n)
{
    __shared__ accum scratch[2][32];
    accum sum = 0, counted = 0;
    for (long long row = threadIdx.x; row < n; row += 256)
    {
        sum += parts[row];
        counted += target[row] != ignore_index ? 1 : 0;
    }
    sum = block_sum(sum, scratch[0]);
    counted = block_sum(counted, scratch[1]);
    if (threadIdx.x != 0) return;
    accum factor = !mean ? accum(1) : counted == 0 ? accum(0) : accum(1) / counted;
    *loss = to_scalar(sum * factor);
    *scale = factor;
}

// cross_entropy_backward: dlogits = dy * scale * (softmax(x) - one at the target); 0 where the row is ignored. Twin of CrossEntropy.Cpu.cs.
//   operator cross_entropy
//   shapes   logits, dlogits [n,c]; target i64 [n]; dy [n] if dy_per_row, else one number; scale one number, null: 1; any n >= 0, c >= 1;
//            group a power of two, at most 32
//   launch   grid ceil(n*group/128); block 128; shared 0
//   reads    (3*S*c + S*group + 8*group + (scale ? A*group : 0))*gridDim.x*128/group
//   writes   S*n*c
//   bound    latency (a batch of answers is a few KB)
//   why      some lanes a row, read again from L1. p - 1 at the target is -(sum of the others' p): nothing cancels
extern "C" __global__ void __launch_bounds__(128) cross_entropy_backward(
    const scalar* logits, const long long* target, long long ignore_index, const scalar* dy, int dy_per_row, const accum* scale,
    scalar* dlogits, long long n, int c, int group)
{
    int lane = threadIdx.x % group;
    long long own = (blockIdx.x * 128LL + threadIdx.x) / group, row = min(own, n - 1);
    const scalar* x = logits + row * c;
    long long answer = target[row];
    accum highest = row_max(x, c, lane, group), others = 0, at = 0;
    for (int i = lane; i < c; i += group)
    {
        accum e = exp(to_accum(x[i]) - highest);
        if (i == answer) at = e;
        else others += e;
    }
    others = group_sum(others, group);
    at = group_sum(at, group);
    accum factor = to_accum(dy[dy_per_row ? row : 0]) * (scale ? *scale : accum(1)) / (others + at);
    if (own >= n) return;
    for (int i = lane; i < c; i += group)
    {
        accum dx = exp(to_accum(x[i]) - highest) * factor;
        if (i == answer) dx = -others * factor;
        dlogits[row * c + i] = to_scalar(answer == ignore_index ? accum(0) : dx);
    }
}
