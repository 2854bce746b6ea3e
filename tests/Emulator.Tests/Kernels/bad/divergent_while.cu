// run: --kernel k --grid 1 --block 64 --arg zeros:y:i32:64
__global__ void k(int* y)
{
    int i = threadIdx.x;
    while (i < 64)
    {
        y[i] = 1; //? race
        __syncthreads(); //! divergent-barrier
        i += 24;
    }
}
