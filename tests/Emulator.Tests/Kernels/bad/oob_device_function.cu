// run: --kernel run --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
__device__ float next(const float* p, int i)
{
    return p[i + 1]; //! out-of-bounds [0,0,0] [31,0,0]
}

__global__ void run(const float* x, float* y)
{
    y[threadIdx.x] = next(x, threadIdx.x);
}
