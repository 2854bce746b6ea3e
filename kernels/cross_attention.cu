// What cross_attention adds to attention.cu: the map. Twin of CrossAttention.Cpu.cs.
#include "common.cuh"

// cross_attention_mean: map = mean of the weights over heads, added in the order of the heads.
//   operator cross_attention, multi_head_cross_attention
//   shapes   weights [b,h,each] as accum, each = s*t rounded up to 8; map [b,s,t], count = s*t
//   launch   grid b*ceil(count/256); block 256; shared 0
//   reads    A*count*h*(gridDim.x/ceil(count/256))
//   writes   S*count*(gridDim.x/ceil(count/256))
//   bound    launch: 1.3 MB for 32 images, 13 queries, 4 heads, 196 keys
//   why      the map is a hundredth of the keys and values, so a second kernel costs less than a counter that finds each image's last block
extern "C" __global__ void cross_attention_mean(const accum* weights, scalar* map, long long h, long long count)
{
    long long blocks = (count + 255) / 256, batch = blockIdx.x / blocks, each = (count + 7) / 8 * 8;
    long long i = blockIdx.x % blocks * 256 + threadIdx.x;
    if (i >= count) return;
    const accum* from = weights + batch * h * each + i;
    accum sum = 0;
    for (long long head = 0; head < h; head++) sum += from[head * each];
    map[batch * count + i] = to_scalar(sum * (accum(1) / accum(h)));
}
