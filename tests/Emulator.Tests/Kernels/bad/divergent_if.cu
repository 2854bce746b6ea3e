// run: --kernel half --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__global__ void half(const float* x, float* y)
{
    __shared__ float s[64];
    s[threadIdx.x] = x[threadIdx.x];
    if (threadIdx.x < 32)
    {
        __syncthreads(); //! divergent-barrier [0,0,0] [0,0,0]
        y[threadIdx.x] = s[threadIdx.x];
    }
}
