// run: --kernel count --grid 1 --block 32 --arg tensor:x --arg zeros:y:i32:4
// tensor: x i32 32 mod4
__global__ void count(const int* x, int* y)
{
    __shared__ int bins[4];
    atomicAdd(&bins[x[threadIdx.x]], 1); //! uninitialised [0,0,0] [0,0,0]
    __syncthreads();
    if (threadIdx.x < 4) y[threadIdx.x] = bins[threadIdx.x];
}
