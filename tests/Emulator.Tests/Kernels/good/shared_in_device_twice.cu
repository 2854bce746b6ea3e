// run: --kernel k --grid 2 --block 64 --arg tensor:x --arg zeros:y:f32:4
// tensor: x f32 128 ones
// value: y 0 = 64
// value: y 1 = 1
template <typename T, typename Op> __device__ T reduce(T v, Op op)
{
    __shared__ T s[64];
    __syncthreads();
    s[threadIdx.x] = v;
    __syncthreads();
    for (int h = 32; h > 0; h /= 2)
    {
        if (threadIdx.x < h) s[threadIdx.x] = op(s[threadIdx.x], s[threadIdx.x + h]);
        __syncthreads();
    }
    return s[0];
}
__global__ void k(const float* x, float* y)
{
    float v = x[blockIdx.x * 64 + threadIdx.x];
    float sum = reduce(v, [](float a, float b) { return a + b; });
    float big = reduce(v, [](float a, float b) { return a > b ? a : b; });
    if (threadIdx.x == 0) { y[blockIdx.x * 2] = sum; y[blockIdx.x * 2 + 1] = big; }
}
