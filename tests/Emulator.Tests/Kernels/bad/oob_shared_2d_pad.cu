// run: --kernel k --grid 1 --block 16,16 --arg tensor:x --arg zeros:y:f32:256
// tensor: x f32 256 ramp
#define W 16
__global__ void k(const float* x, float* y)
{
    __shared__ float t[W][W];
    t[threadIdx.y][threadIdx.x] = x[threadIdx.y * W + threadIdx.x];
    __syncthreads();
    y[threadIdx.y * W + threadIdx.x] = threadIdx.x == W - 1 && threadIdx.y == W - 1 ? t[W][0] : t[threadIdx.y][threadIdx.x]; //! out-of-bounds [0,0,0] [15,15,0]
}
