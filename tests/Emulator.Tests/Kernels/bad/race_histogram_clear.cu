// run: --kernel histogram --grid 1 --block 64 --arg tensor:x --arg zeros:bins:i32:8
// tensor: x i32 64 mod7
__global__ void histogram(const int* x, int* bins)
{
    __shared__ int local[8];
    if (threadIdx.x >= 56)
        local[threadIdx.x - 56] = 0; //! race [0,0,0]
    atomicAdd(&local[x[threadIdx.x]], 1); //! race [0,0,0] //? uninitialised
    __syncthreads();
    if (threadIdx.x < 8) bins[threadIdx.x] = local[threadIdx.x];
}
