// run: --kernel half --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
__global__ void half(const float* x, float* y)
{
    float v = x[threadIdx.x];
    if (threadIdx.x < 16)
        v = __shfl_sync(0xffffffff, v, 20); //! absent-lane [0,0,0] [0,0,0]
    __syncthreads();
    y[threadIdx.x] = v;
}
