// run: --kernel k --grid 1 --block 64 --timeout 2 --arg zeros:y:i32:1
__global__ void k(int* y)
{
    __shared__ volatile int go;
    if (threadIdx.x == 0) go = 0;
    __syncthreads();
    if (threadIdx.x >= 32)
        while (!go) //! deadlock
            ;
    *y = go;
}
