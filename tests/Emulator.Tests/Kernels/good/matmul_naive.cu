// run: --kernel matmul --grid 2,2 --block 16,16 --arg tensor:a --arg tensor:b --arg zeros:c:f32:20,24 --arg i32:20 --arg i32:24 --arg i32:12
// tensor: a f32 20,12 mod7
// tensor: b f32 12,24 mod5
// value: c 0 = 64
__global__ void matmul(const float* a, const float* b, float* c, int m, int n, int k)
{
    int row = blockIdx.y * blockDim.y + threadIdx.y, col = blockIdx.x * blockDim.x + threadIdx.x;
    if (row < m && col < n)
    {
        float sum = 0.0f;
        for (int i = 0; i < k; ++i) sum += a[row * k + i] * b[i * n + col];
        c[row * n + col] = sum;
    }
}
