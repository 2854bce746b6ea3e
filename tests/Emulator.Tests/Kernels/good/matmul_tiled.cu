// run: --kernel matmulTiled --grid 2,2 --block 16,16 --arg tensor:A --arg tensor:B --arg zeros:C:f32:20,24 --arg i32:20 --arg i32:24 --arg i32:40
// tensor: A f32 20,40 ones
// tensor: B f32 40,24 ones
// value: C 0 = 40
// value: C 479 = 40
// counter: barriers = 24
#define TILE_WIDTH 16
__global__ void matmulTiled(const float* A, const float* B, float* C, int M, int N, int K)
{
    __shared__ float As[TILE_WIDTH][TILE_WIDTH];
    __shared__ float Bs[TILE_WIDTH][TILE_WIDTH];
    int tx = threadIdx.x, ty = threadIdx.y;
    int row = blockIdx.y * TILE_WIDTH + ty, col = blockIdx.x * TILE_WIDTH + tx;
    float value = 0;
    for (int t = 0; t < (K + TILE_WIDTH - 1) / TILE_WIDTH; t++)
    {
        As[ty][tx] = row < M && t * TILE_WIDTH + tx < K ? A[row * K + t * TILE_WIDTH + tx] : 0.0f;
        Bs[ty][tx] = col < N && t * TILE_WIDTH + ty < K ? B[(t * TILE_WIDTH + ty) * N + col] : 0.0f;
        __syncthreads();
        for (int k = 0; k < TILE_WIDTH; k++) value += As[ty][k] * Bs[k][tx];
        __syncthreads();
    }
    if (row < M && col < N) C[row * N + col] = value;
}
