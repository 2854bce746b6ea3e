// Cross-entropy on logits against class indices, forward and backward. Twin of CrossEntropy.Cpu.cs.
#include "common.cuh"

// The largest of a row of logits, in every lane of its warp.
__device__ __forceinline__ accum row_max(const scalar* x, int c, int lane)
{
    accum highest = -infinity();
    for (int i = lane; i < c; i += 32) highest = max_or_nan(highest, to_accum(x[i]));
    return warp_max(highest);
}

// cross_entropy_forward: log sum exp(x) - x[target] of every row; 0 where it is ignored, NaN where the target is no class.
// Twin of CrossEntropy.Cpu.cs.
//   operator cross_entropy
//   shapes   logits [n,c]; target i64 [n]; losses [n], parts [n], one of them null; any n >= 0, c >= 1
//   launch   grid ceil(n/4); block 128; shared 0
//   reads    2*S*n*c + 32*S*n + 32*8*n
//   writes   (losses ? S*n : 0) + (parts ? A*n : 0)
//   bound    latency (a batch of answers is a few KB)
//   why      a warp a row, which it reads twice, the second time from L1. The sum leaves out one maximum, so that log(1 + others) keeps a
//            small loss exact
extern "C" __global__ void __launch_bounds__(128) cross_entropy_forward(
    const scalar* logits, const long long* target, long long ignore_index, scalar* losses, accum* parts, long long n, int c)
{
    int lane = threadIdx.x % 32;
    long long row = blockIdx.x * 4LL + threadIdx.x / 32;
    if (row >= n) return;
    const scalar* x = logits + row * c;
    long long answer = target[row];
    accum loss = 0;
    if (answer != ignore_index)
    {
        accum highest = row_max(x, c, lane), others = 0, highests = 0;
        for (int i = lane; i < c; i += 32)
        {
            accum value = to_accum(x[i]);
            if (value == highest) highests += 1;
            else others += exp(value - highest);
        }
        others = warp_sum(others) + (warp_sum(highests) - 1);
        bool known = answer >= 0 && answer < c;
        loss = known ? highest - to_accum(x[answer]) + log1p(others) : infinity() - infinity();
    }
    if (lane != 0) return;
    if (losses) losses[row] = to_scalar(loss);
    else parts[row] = loss;
}

// cross_entropy_reduce: loss = scale * sum of the rows' losses, and the scale itself, which backward wants: 1 / the number of rows that count
// (0 where none does) for a mean, else 1. Twin of CrossEntropy.Cpu.cs.
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
//   shapes   logits, dlogits [n,c]; target i64 [n]; dy [n] if dy_per_row, else one number; scale one number, null: 1; any n >= 0, c >= 1
//   launch   grid ceil(n/4); block 128; shared 0
//   reads    3*S*n*c + 32*8*n + 32*S*n + (scale ? 32*A*n : 0)
//   writes   S*n*c
//   bound    latency (a batch of answers is a few KB)
//   why      a warp a row, read again from L1. p - 1 at the target is -(sum of the others' p): nothing cancels
extern "C" __global__ void __launch_bounds__(128) cross_entropy_backward(
    const scalar* logits, const long long* target, long long ignore_index, const scalar* dy, int dy_per_row, const accum* scale,
    scalar* dlogits, long long n, int c)
{
    int lane = threadIdx.x % 32;
    long long row = blockIdx.x * 4LL + threadIdx.x / 32;
    if (row >= n) return;
    const scalar* x = logits + row * c;
    scalar* dx = dlogits + row * c;
    long long answer = target[row];
    if (answer == ignore_index)
    {
        for (int i = lane; i < c; i += 32) dx[i] = to_scalar(0);
        return;
    }
    accum highest = row_max(x, c, lane), others = 0, own = 0;
    for (int i = lane; i < c; i += 32)
    {
        accum e = exp(to_accum(x[i]) - highest);
        if (i == answer) own = e;
        else others += e;
    }
    others = warp_sum(others);
    own = warp_sum(own);
    accum factor = to_accum(dy[dy_per_row ? row : 0]) * (scale ? *scale : accum(1)) / (others + own);
    for (int i = lane; i < c; i += 32) dx[i] = to_scalar(i == answer ? -others * factor : exp(to_accum(x[i]) - highest) * factor);
}
