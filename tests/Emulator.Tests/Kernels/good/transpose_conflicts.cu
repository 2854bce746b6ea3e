// run: --kernel transpose --grid 1 --block 32,32 --arg tensor:in --arg zeros:out:f32:32,32
// tensor: in f32 32,32 ramp
// value: out 33 = 33
// counter: shared_passes = 1056
// counter: ideal_shared_passes = 64
__global__ void transpose(const float* in, float* out)
{
    __shared__ float tile[32][32];
    tile[threadIdx.y][threadIdx.x] = in[threadIdx.y * 32 + threadIdx.x];
    __syncthreads();
    out[threadIdx.y * 32 + threadIdx.x] = tile[threadIdx.x][threadIdx.y];
}
