// What losses share. Twin of Reduce.Cpu.cs, for sums that a kernel left in parts.
#include "common.cuh"

// loss_sum: loss = scale * sum of the parts, in fixed order.
//   operator bce_with_logits
//   shapes   parts [count]; loss one number; any count >= 0
//   launch   grid 1; block 256; shared 0
//   reads    A*count
//   writes   S
//   bound    latency (one block)
//   why      256 sums of every 256th part, then one of the 256: the same order in every run
extern "C" __global__ void __launch_bounds__(256) loss_sum(const accum* parts, accum scale, scalar* loss, long long count)
{
    __shared__ accum scratch[32];
    accum sum = 0;
    for (long long i = threadIdx.x; i < count; i += 256) sum += parts[i];
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) *loss = to_scalar(sum * scale);
}
