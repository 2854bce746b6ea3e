// run: --kernel softmax --grid 4 --block 128 --arg tensor:x --arg zeros:y:f32:4,200 --arg i32:200
// tensor: x f32 4,200 ones
// value: y 0 = 0.005
__global__ void softmax(const float* x, float* y, int d)
{
    __shared__ float red[4];
    const float* row = x + blockIdx.x * d;
    float m = -3.4e38f, sum = 0;
    for (int i = threadIdx.x; i < d; i += blockDim.x) m = fmaxf(m, row[i]);
    for (int o = 16; o; o >>= 1) m = fmaxf(m, __shfl_xor_sync(0xffffffff, m, o));
    if (threadIdx.x % 32 == 0) red[threadIdx.x / 32] = m;
    __syncthreads();
    m = fmaxf(fmaxf(red[0], red[1]), fmaxf(red[2], red[3]));
    __syncthreads();
    for (int i = threadIdx.x; i < d; i += blockDim.x) sum += expf(row[i] - m);
    for (int o = 16; o; o >>= 1) sum += __shfl_xor_sync(0xffffffff, sum, o);
    if (threadIdx.x % 32 == 0) red[threadIdx.x / 32] = sum;
    __syncthreads();
    sum = red[0] + red[1] + red[2] + red[3];
    for (int i = threadIdx.x; i < d; i += blockDim.x) y[blockIdx.x * d + i] = expf(row[i] - m) / sum;
}
