// run: --kernel histogram --grid 8 --block 64 --arg tensor:x --arg zeros:bins:u32:10 --arg i32:500
// tensor: x i32 500 mod10
// value: bins 3 = 50
__global__ void histogram(const int* x, unsigned int* bins, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicAdd(bins + x[i], 1u);
}
