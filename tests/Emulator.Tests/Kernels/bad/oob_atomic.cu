// run: --kernel hist --grid 1 --block 64 --arg tensor:x --arg zeros:bins:i32:8
// tensor: x i32 64 mod10
__global__ void hist(const int* x, int* bins)
{
    atomicAdd(&bins[x[threadIdx.x]], 1); //! out-of-bounds [0,0,0] [8,0,0]
}
