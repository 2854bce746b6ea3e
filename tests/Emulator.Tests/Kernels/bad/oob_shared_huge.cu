// run: --kernel k --grid 1 --block 32 --arg zeros:y:f32:32
__global__ void k(float* y)
{
    __shared__ float s[32];
    s[threadIdx.x] = 1;
    __syncthreads();
    y[threadIdx.x] = s[threadIdx.x * 1000000]; //! out-of-bounds [0,0,0] [1,0,0]
}
