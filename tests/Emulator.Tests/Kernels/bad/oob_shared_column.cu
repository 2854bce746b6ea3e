// run: --kernel last --grid 1 --block 8,8 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__global__ void last(const float* x, float* y)
{
    __shared__ float tile[8][8];
    int i = threadIdx.x, j = threadIdx.y;
    tile[j][i] = x[j * 8 + i];
    __syncthreads();
    y[j * 8 + i] = tile[j + 1][i]; //! out-of-bounds [0,0,0] [0,7,0]
}
