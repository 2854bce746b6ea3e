// run: --kernel matmul --grid 1 --block 16,16 --arg tensor:a --arg tensor:b --arg zeros:c:f32:16,16 --arg i32:64
// tensor: a f32 16,64 ones
// tensor: b f32 64,16 ones
__global__ void matmul(const float* a, const float* b, float* c, int k)
{
    __shared__ float as[16][16], bs[16][16];
    int tx = threadIdx.x, ty = threadIdx.y;
    float sum = 0;
    for (int t = 0; t < k; t += 16)
    {
        as[ty][tx] = a[ty * k + t + tx]; //! race [0,0,0]
        bs[ty][tx] = b[(t + ty) * 16 + tx]; //! race [0,0,0]
        __syncthreads();
        for (int i = 0; i < 16; i++)
            sum += as[ty][i] * bs[i][tx]; //! race [0,0,0]
    }
    c[ty * 16 + tx] = sum;
}
