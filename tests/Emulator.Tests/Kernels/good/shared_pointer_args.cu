// run: --kernel k --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
// value: y 0 = 63
__device__ void load(float* dst, const float* src, int n) { for (int i = threadIdx.x; i < n; i += blockDim.x) dst[i] = src[i]; }
__device__ __noinline__ void flip(float (&a)[64], float* out) { out[threadIdx.x] = a[63 - threadIdx.x]; }
__global__ void k(const float* x, float* y)
{
    __shared__ float a[64];
    load(a, x, 64);
    __syncthreads();
    flip(a, y);
}
