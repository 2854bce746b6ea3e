// run: --kernel histogram --grid 1 --block 64 --arg tensor:x --arg zeros:bins:i32:8
// tensor: x i32 64 mod7
__global__ void histogram(const int* x, int* bins)
{
    __shared__ int local[8];
    if (threadIdx.x < 8) local[threadIdx.x] = 0;
    __syncthreads();
    local[x[threadIdx.x]]++; //! race [0,0,0]
    __syncthreads();
    if (threadIdx.x < 8) bins[threadIdx.x] = local[threadIdx.x];
}
