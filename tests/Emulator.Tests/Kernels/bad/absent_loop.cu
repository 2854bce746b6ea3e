// run: --kernel k --grid 1 --block 32 --arg tensor:n --arg zeros:y:i32:32
// tensor: n i32 32 mod4
__global__ void k(const int* n, int* y)
{
    int v = threadIdx.x;
    for (int i = 0; i < n[threadIdx.x]; i++)
        v += __shfl_xor_sync(0xffffffff, v, 1); //! absent-lane
    y[threadIdx.x] = v;
}
