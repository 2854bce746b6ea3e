// run: --kernel gray --grid 2 --block 32 --arg tensor:rgb --arg zeros:g:u8:64 --arg i32:64
// tensor: rgb u8 192 ones
// value: g 63 = 1
__global__ void gray(const uchar3* rgb, unsigned char* g, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) { uchar3 p = rgb[i]; g[i] = (unsigned char)((p.x + p.y + p.z) / 3); }
}
