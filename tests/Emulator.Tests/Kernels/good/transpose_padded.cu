// run: --kernel transpose --grid 2,3 --block 32,8 --arg tensor:in --arg zeros:out:f32:64,96 --arg i32:64 --arg i32:96
// tensor: in f32 96,64 ramp
// value: out 1 = 64
// value: out 96 = 1
// counter: global_sectors = 1536
// counter: ideal_global_sectors = 1536
// counter: shared_passes = 384
// counter: ideal_shared_passes = 384
// counter: barriers = 6
#define TILE 32
#define ROWS 8
__global__ void transpose(const float* in, float* out, int width, int height)
{
    __shared__ float tile[TILE][TILE + 1];
    int x = blockIdx.x * TILE + threadIdx.x;
    int y = blockIdx.y * TILE + threadIdx.y;
    for (int j = 0; j < TILE; j += ROWS)
        tile[threadIdx.y + j][threadIdx.x] = in[(y + j) * width + x];
    __syncthreads();
    x = blockIdx.y * TILE + threadIdx.x;
    y = blockIdx.x * TILE + threadIdx.y;
    for (int j = 0; j < TILE; j += ROWS)
        out[(y + j) * height + x] = tile[threadIdx.x][threadIdx.y + j];
}
