// What cross_attention adds to attention.cu: the map. Twin of CrossAttention.Cpu.cs.
#include "common.cuh"

// cross_attention_mean: map = mean of the weights over heads, added in the order of the heads.
//   operator cross_attention
//   shapes   weights [b,h,s,t] as accum; map [b,s,t]; each = s*t, count = b*s*t
//   launch   grid ceil(count/256); block 256; shared 0
//   reads    A*count*h
//   writes   S*count
//   bound    launch: 1.3 MB for 32 images, 13 queries, 4 heads, 196 keys
//   why      the map is a hundredth of the keys and values, so a second kernel costs less than a counter that finds each image's last block
extern "C" __global__ void cross_attention_mean(const accum* weights, scalar* map, long long h, long long each, long long count)
{
    long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const accum* from = weights + i / each * h * each + i % each;
    accum sum = 0;
    for (long long head = 0; head < h; head++) sum += from[head * each];
    map[i] = to_scalar(sum * (accum(1) / accum(h)));
}
