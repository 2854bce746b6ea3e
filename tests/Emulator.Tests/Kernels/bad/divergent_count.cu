// run: --kernel k --grid 1 --block 64 --arg zeros:y:i32:64
__global__ void k(int* y)
{
    if (threadIdx.x > 3)
        y[threadIdx.x] = __syncthreads_count(1); //! divergent-barrier [0,0,0] [4,0,0]
}
