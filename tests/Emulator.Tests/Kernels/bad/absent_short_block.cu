// run: --kernel sum --grid 1 --block 40 --arg tensor:x --arg zeros:y:f32:2
// tensor: x f32 40 ones
__global__ void sum(const float* x, float* y)
{
    float v = x[threadIdx.x];
    for (int o = 16; o > 0; o >>= 1)
        v += __shfl_down_sync(0xffffffff, v, o); //! absent-lane [0,0,0] [32,0,0]
    if (threadIdx.x % 32 == 0) y[threadIdx.x / 32] = v;
}
