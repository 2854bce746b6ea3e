// run: --kernel sum --grid 4 --block 32 --arg tensor:x --arg zeros:part:f32:4 --arg zeros:y:f32:1 --arg zeros:count:u32:1
// tensor: x f32 128 ones
__global__ void sum(const float* x, float* part, float* y, unsigned* count)
{
    float v = x[blockIdx.x * 32 + threadIdx.x];
    for (int o = 16; o; o >>= 1) v += __shfl_down_sync(~0u, v, o);
    if (threadIdx.x == 0)
    {
        part[blockIdx.x] = v; //! race
        if (atomicAdd(count, 1u) == gridDim.x - 1)
        {
            float total = 0;
            for (unsigned b = 0; b < gridDim.x; b++)
                total += part[b]; //! race [3,0,0] [0,0,0]
            *y = total;
        }
    }
}
