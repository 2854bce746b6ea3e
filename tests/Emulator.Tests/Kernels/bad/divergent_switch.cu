// run: --kernel k --grid 1 --block 64 --arg zeros:y:i32:64
__global__ void k(int* y)
{
    switch (threadIdx.x & 3)
    {
        case 0: y[threadIdx.x] = 0; __syncthreads(); break; //! divergent-barrier
        case 1: y[threadIdx.x] = 1; __syncthreads(); break; //? divergent-barrier
        default: y[threadIdx.x] = 2;
    }
}
