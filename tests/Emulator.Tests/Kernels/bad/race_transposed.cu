// run: --kernel tr --grid 1 --block 32,8 --arg tensor:in --arg zeros:out:f32:32,32
// tensor: in f32 32,32 ramp
__global__ void tr(const float* in, float* out)
{
    __shared__ float tile[32][33];
    for (int j = threadIdx.y; j < 32; j += 8)
        tile[j][threadIdx.x] = in[j * 32 + threadIdx.x]; //! race
    for (int j = threadIdx.y; j < 32; j += 8)
        out[j * 32 + threadIdx.x] = tile[threadIdx.x][j]; //! race
}
