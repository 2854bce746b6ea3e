// run: --kernel sum --grid 1 --block 128 --shared 256 --arg tensor:x --arg zeros:y:f32:1
// tensor: x f32 128 ones
__global__ void sum(const float* x, float* y)
{
    extern __shared__ float s[];
    s[threadIdx.x] = x[threadIdx.x]; //! out-of-bounds [0,0,0] [64,0,0]
    __syncthreads();
    if (threadIdx.x == 0)
        *y = s[0];
}
