// run: --kernel transpose --grid 2,2 --block 32,8 --arg tensor:in --arg zeros:out:f32:64,64 --arg i32:64
// tensor: in f32 64,64 ramp
// value: out 64 = 1
// counter: global_sectors = 4608
// counter: ideal_global_sectors = 1024
__global__ void transpose(const float* in, float* out, int n)
{
    int x = blockIdx.x * 32 + threadIdx.x;
    for (int j = 0; j < 32; j += 8)
    {
        int y = blockIdx.y * 32 + threadIdx.y + j;
        out[x * n + y] = in[y * n + x];
    }
}
