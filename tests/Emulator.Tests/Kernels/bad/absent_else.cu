// run: --kernel k --grid 1 --block 32 --arg zeros:y:i32:32
__global__ void k(int* y)
{
    int v = threadIdx.x;
    if (v % 2)
        v = __shfl_down_sync(0xffffffff, v, 1); //! absent-lane
    else
        v = 2 * v;
    y[threadIdx.x] = v;
}
