// run: --kernel k --grid 1 --block 128 --arg tensor:x --arg zeros:y:f32:128
// tensor: x f32 128 ones
__device__ float warpSum(float v) { for (int o = 16; o; o >>= 1) v += __shfl_down_sync(0xffffffff, v, o); return v; }
__global__ void k(const float* x, float* y)
{
    __shared__ float part[4];
    __shared__ float total;
    float v = warpSum(x[threadIdx.x]);
    if ((threadIdx.x & 31) == 0) part[threadIdx.x >> 5] = v;
    __syncthreads();
    if (threadIdx.x == 0)
        total = part[0] + part[1] + part[2] + part[3]; //! race [0,0,0] [0,0,0]
    y[threadIdx.x] = x[threadIdx.x] / total; //! race //? uninitialised
}
