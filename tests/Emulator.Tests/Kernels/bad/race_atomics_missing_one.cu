// run: --kernel k --grid 4 --block 32 --arg tensor:x --arg zeros:y:i32:4
// tensor: x i32 128 mod4
__global__ void k(const int* x, int* y)
{
    int i = blockIdx.x * 32 + threadIdx.x;
    if (blockIdx.x % 2)
        atomicAdd(&y[x[i]], 1); //! race
    else
        y[x[i]] += 1; //! race
}
