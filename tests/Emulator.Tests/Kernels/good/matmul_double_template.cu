// run: --kernel gemm<double,8> --grid 2,2 --block 8,8 --arg tensor:a --arg tensor:b --arg zeros:c:f64:16,16 --arg i32:16
// tensor: a f64 16,16 ones
// tensor: b f64 16,16 ramp
// value: c 0 = 1920
template <typename T, int TILE>
__global__ void gemm(const T* a, const T* b, T* c, int n)
{
    __shared__ T as[TILE][TILE + 1], bs[TILE][TILE + 1];
    const int row = blockIdx.y * TILE + threadIdx.y, col = blockIdx.x * TILE + threadIdx.x;
    T sum = T(0);
    for (int k0 = 0; k0 < n; k0 += TILE)
    {
        as[threadIdx.y][threadIdx.x] = a[row * n + k0 + threadIdx.x];
        bs[threadIdx.y][threadIdx.x] = b[(k0 + threadIdx.y) * n + col];
        __syncthreads();
#pragma unroll
        for (int k = 0; k < TILE; ++k) sum += as[threadIdx.y][k] * bs[k][threadIdx.x];
        __syncthreads();
    }
    c[row * n + col] = sum;
}
