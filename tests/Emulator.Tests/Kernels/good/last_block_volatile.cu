// run: --kernel total --grid 5 --block 32 --arg tensor:x --arg zeros:part:f32:5 --arg zeros:y:f32:1 --arg zeros:done:i32:1
// tensor: x f32 160 ones
// value: y 0 = 160
__global__ void total(const float* x, volatile float* part, float* y, int* done)
{
    float v = x[blockIdx.x * 32 + threadIdx.x];
    for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(~0u, v, o);
    bool last = false;
    if (threadIdx.x == 0)
    {
        part[blockIdx.x] = v;
        __threadfence();
        last = atomicAdd(done, 1) == gridDim.x - 1;
    }
    if (last)
    {
        float sum = 0;
        for (int b = 0; b < gridDim.x; b++) sum += part[b];
        y[0] = sum;
    }
}
