// One fault a kernel, each on the line that says so; the interpreter must name it with this line.
#include "common.cuh"

extern "C" __global__ void past_global(float* x)
{
    x[threadIdx.x + 1] = 1;  // fault: past_global
}

extern "C" __global__ void past_shared(float* x)
{
    __shared__ float s[32];
    s[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    x[threadIdx.x] = s[threadIdx.x + (int)x[0]];  // fault: past_shared
}

extern "C" __global__ void uninitialised(float* x)
{
    __shared__ float s[64];
    s[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    x[threadIdx.x] = s[threadIdx.x + (int)x[0]];  // fault: uninitialised
}

extern "C" __global__ void misaligned(float* x)
{
    bytes16 whole = *reinterpret_cast<const bytes16*>(x + threadIdx.x);  // fault: misaligned
    x[threadIdx.x] = __uint_as_float(whole.x + whole.y + whole.z + whole.w);
}

extern "C" __global__ void absent(float* x)
{
    if (threadIdx.x >= 16) return;
    x[threadIdx.x] = __shfl_xor_sync(FULL_WARP, x[threadIdx.x], 1);  // fault: absent
}

extern "C" __global__ void divergent(float* x)
{
    if (threadIdx.x % 2 == 0)
    {
        x[threadIdx.x] = __shfl_xor_sync(FULL_WARP, x[threadIdx.x], 2);  // fault: divergent
    }
    else
    {
        __syncthreads();
    }
}

extern "C" __global__ void null_pointer(float* x, const float* missing)
{
    x[threadIdx.x] = missing[threadIdx.x];  // fault: null_pointer
}

extern "C" __global__ void endless(volatile int* x)
{
    while (x[0] == 0)  // fault: endless
    {
    }
}

extern "C" __global__ void rewritten(const float* __restrict__ x, float* y)
{
    y[threadIdx.x] = 2;
    __syncthreads();
    y[threadIdx.x] = x[threadIdx.x ^ 1];  // fault: rewritten
}
