// run: --kernel k --grid 1 --block 32 --arg zeros:y:i32:32
__global__ void k(int* y)
{
    if (threadIdx.x < 8)
        __syncwarp(); //! absent-lane
    __syncthreads();
    y[threadIdx.x] = 1;
}
