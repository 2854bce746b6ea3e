// run: --kernel k --grid 2 --block 32 --timeout 2 --arg zeros:f:i32:1
__global__ void k(volatile int* f)
{
    if (blockIdx.x == 1) *f = 1;
    if (blockIdx.x == 0)
        while (*f == 0) { } //! deadlock [0,0,0]
}
