// run: --kernel k --grid 1 --block 32 --arg zeros:y:u32:32
__global__ void k(unsigned* y)
{
    unsigned b = 0;
    if (threadIdx.x >= 8)
        b = __ballot_sync(0xffffffff, 1); //! absent-lane
    __syncthreads();
    y[threadIdx.x] = b;
}
