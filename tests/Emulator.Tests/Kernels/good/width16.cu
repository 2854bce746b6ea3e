// run: --kernel rows --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:4
// tensor: x f32 64 ones
// value: y 3 = 16
__global__ void rows(const float* x, float* y)
{
    float v = x[threadIdx.x];
    for (int m = 8; m >= 1; m >>= 1) v += __shfl_xor_sync(0xffffffff, v, m, 16);
    float all = __shfl_sync(0xffffffff, v, 0, 16);
    if (threadIdx.x % 16 == 0) y[threadIdx.x / 16] = all;
}
