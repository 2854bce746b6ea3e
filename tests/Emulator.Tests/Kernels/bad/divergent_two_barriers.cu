// run: --kernel stage --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__global__ void stage(const float* x, float* y)
{
    __shared__ float s[64];
    s[threadIdx.x] = x[threadIdx.x];
    if (x[threadIdx.x] > 40.0f)
        __syncthreads(); //! divergent-barrier [0,0,0] [41,0,0]
    __syncthreads(); //? divergent-barrier
    y[threadIdx.x] = s[threadIdx.x];
}
