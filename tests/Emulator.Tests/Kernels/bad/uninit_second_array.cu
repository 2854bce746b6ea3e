// run: --kernel k --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__global__ void k(const float* x, float* y)
{
    __shared__ float a[64], b[64];
    a[threadIdx.x] = x[threadIdx.x];
    if (threadIdx.x < 60) b[threadIdx.x] = 1;
    __syncthreads();
    y[threadIdx.x] = a[63 - threadIdx.x] * b[threadIdx.x]; //! uninitialised [0,0,0] [60,0,0]
}
