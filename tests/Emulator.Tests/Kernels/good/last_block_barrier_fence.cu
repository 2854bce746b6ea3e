// run: --kernel total --grid 6 --block 64 --arg tensor:x --arg zeros:part:f32:384 --arg zeros:y:f32:1 --arg zeros:n:u32:1
// tensor: x f32 384 ones
// value: y 0 = 384
__device__ unsigned int retirementCount = 0;
__global__ void total(const float* x, float* part, float* y, unsigned* n)
{
    __shared__ bool amLast;
    part[blockIdx.x * 64 + threadIdx.x] = x[blockIdx.x * 64 + threadIdx.x];
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0)
    {
        unsigned ticket = atomicInc(&retirementCount, gridDim.x);
        amLast = (ticket == gridDim.x - 1);
    }
    __syncthreads();
    if (amLast)
    {
        float s = 0;
        for (int i = threadIdx.x; i < 384; i += 64) s += part[i];
        for (int o = 16; o; o >>= 1) s += __shfl_down_sync(~0u, s, o);
        if (threadIdx.x % 32 == 0) atomicAdd(y, s);
        if (threadIdx.x == 0) retirementCount = 0;
    }
}
