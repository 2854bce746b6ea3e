// Cross-entropy against target distributions, forward and backward. Twin of SoftCrossEntropy.Cpu.cs.
#include "common.cuh"

// soft_cross_entropy_forward: softmax of every row, and its loss sum target * (log sum exp(x) - x). Twin of SoftCrossEntropy.Cpu.cs.
//   operator soft_cross_entropy
//   shapes   logits, target, softmax [n,c]; parts [2,n]: the rows' losses, then 1 where the row counts; any n >= 0, c >= 1
//   launch   grid ceil(n/4); block 128; shared 0
//   reads    4*S*n*c
//   writes   S*n*c + 2*A*n
//   bound    latency (a batch by its texts is a few KB)
//   why      a warp a row, read again from L1
//   from     van den Oord et al. 2018, arXiv:1807.03748, eq. 4, with several right answers a row
extern "C" __global__ void __launch_bounds__(128) soft_cross_entropy_forward(
    const scalar* logits, const scalar* target, scalar* softmax, accum* parts, long long n, int c)
{
    int lane = threadIdx.x % 32;
    long long row = blockIdx.x * 4LL + threadIdx.x / 32;
    if (row >= n) return;
    const scalar *x = logits + row * c, *t = target + row * c;

    // 1. softmax, stable by the row's maximum
    accum highest = -infinity(), sum = 0;
    for (int k = lane; k < c; k += 32) highest = max_or_nan(highest, to_accum(x[k]));
    highest = warp_max(highest);
    for (int k = lane; k < c; k += 32) sum += exp(to_accum(x[k]) - highest);
    sum = warp_sum(sum);

    // 2. the row's loss: sum target * (log-sum-exp - logit)
    accum beyond = log(sum), inverse = accum(1) / sum, loss = 0, mass = 0;
    for (int k = lane; k < c; k += 32)
    {
        accum distance = highest - to_accum(x[k]), weight = to_accum(t[k]);
        softmax[row * c + k] = to_scalar(exp(-distance) * inverse);
        loss += weight * (distance + beyond);
        mass += weight;
    }
    loss = warp_sum(loss);
    mass = warp_sum(mass);
    if (lane != 0) return;
    parts[row] = loss;
    parts[n + row] = mass > 0 ? 1 : 0;
}

// soft_cross_entropy_reduce: loss = mean of the rows' losses over the rows that count, and 1 / their number (at least 1), which backward
// wants. Twin of SoftCrossEntropy.Cpu.cs.
//   operator soft_cross_entropy
//   shapes   parts [2,n]; loss, scale one number each; any n >= 0
//   launch   grid 1; block 256; shared 0
//   reads    2*A*n
//   writes   S + A
//   bound    latency (one block)
//   why      counts on the device: no step waits for the host
extern "C" __global__ void __launch_bounds__(256) soft_cross_entropy_reduce(const accum* parts, scalar* loss, accum* scale, long long n)
{
    __shared__ accum scratch[2][32];
    accum sum = 0, counted = 0;
    for (long long row = threadIdx.x; row < n; row += 256)
    {
        sum += parts[row];
        counted += parts[n + row];
    }
    sum = block_sum(sum, scratch[0]);
    counted = block_sum(counted, scratch[1]);
    if (threadIdx.x != 0) return;
    accum factor = accum(1) / (counted > 1 ? counted : accum(1));
    *loss = to_scalar(sum * factor);
    *scale = factor;
}

// soft_cross_entropy_backward: dlogits = dloss * scale * (sum target * softmax - target). Twin of SoftCrossEntropy.Cpu.cs.
//   operator soft_cross_entropy
//   shapes   softmax, target, dlogits [n,c]; dloss, scale one number each; any n >= 0, c >= 1
//   launch   grid ceil(n/4); block 128; shared 0
//   reads    3*S*n*c + 32*(S + A)*n
//   writes   S*n*c
//   bound    latency (a batch by its texts is a few KB)
//   why      a warp a row; the target's sum is computed again, since it costs nothing
extern "C" __global__ void __launch_bounds__(128) soft_cross_entropy_backward(
    const scalar* softmax, const scalar* target, const scalar* dloss, const accum* scale, scalar* dlogits, long long n, int c)
{
    int lane = threadIdx.x % 32;
    long long row = blockIdx.x * 4LL + threadIdx.x / 32;
    if (row >= n) return;
    const scalar *p = softmax + row * c, *t = target + row * c;
    accum mass = 0, g = to_accum(*dloss) * *scale;
    for (int k = lane; k < c; k += 32) mass += to_accum(t[k]);
    mass = warp_sum(mass);
    for (int k = lane; k < c; k += 32) dlogits[row * c + k] = to_scalar(g * (mass * to_accum(p[k]) - to_accum(t[k])));
}
