// run: --kernel sum --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:1 --arg i32:16
// tensor: x f32 32 ones
__global__ void sum(const float* x, float* y, int n)
{
    if (threadIdx.x >= n) return;
    float v = x[threadIdx.x];
    for (int o = 16; o > 0; o >>= 1)
        v += __shfl_down_sync(0xffffffff, v, o); //! absent-lane [0,0,0] [0,0,0]
    if (threadIdx.x == 0) *y = v;
}
