// run: --kernel prefix --grid 2 --block 32 --arg tensor:x --arg zeros:y:f32:64 --arg i32:5
// tensor: x f32 64 ones
// value: y 31 = 5
__global__ void prefix(const float* x, float* y, int rounds)
{
    __shared__ float s[32];
    float total = 0;
    for (int r = 0; r < rounds; r++)
    {
        s[threadIdx.x] = x[blockIdx.x * 32 + threadIdx.x];
        __syncthreads();
        total += s[(threadIdx.x + r) % 32];
        __syncthreads();
    }
    y[blockIdx.x * 32 + threadIdx.x] = total;
}
