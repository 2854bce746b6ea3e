// run: --kernel filter --grid 2 --block 64 --arg tensor:x --arg zeros:out:f32:128 --arg zeros:count:i32:1
// tensor: x f32 128 ramp
// value: count 0 = 64
__device__ int atomicAggInc(int* counter)
{
    unsigned mask = __activemask();
    int lane = threadIdx.x & 31, leader = __ffs(mask) - 1, base = 0;
    if (lane == leader) base = atomicAdd(counter, __popc(mask));
    base = __shfl_sync(mask, base, leader);
    return base + __popc(mask & ((1u << lane) - 1));
}

__global__ void filter(const float* x, float* out, int* count)
{
    float v = x[blockIdx.x * blockDim.x + threadIdx.x];
    if ((int)v % 2 == 0) out[atomicAggInc(count)] = v;
}
