// run: --kernel histogram --grid 4 --block 128 --arg tensor:x --arg zeros:bins:i32:16 --arg i32:1000
// tensor: x u8 1000 mod16
// value: bins 0 = 63
// value: bins 15 = 62
__global__ void histogram(const unsigned char* x, int* bins, int n)
{
    __shared__ int local[16];
    if (threadIdx.x < 16) local[threadIdx.x] = 0;
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x) atomicAdd(&local[x[i]], 1);
    __syncthreads();
    if (threadIdx.x < 16) atomicAdd(&bins[threadIdx.x], local[threadIdx.x]);
}
