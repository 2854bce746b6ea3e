// run: --kernel mm --grid 1 --block 8,8 --arg tensor:a --arg zeros:c:f32:6,6 --arg i32:6
// tensor: a f32 6,6 ones
__global__ void mm(const float* a, float* c, int n)
{
    __shared__ float s[8][8];
    int x = threadIdx.x, y = threadIdx.y;
    if (x < n && y < n) s[y][x] = a[y * n + x];
    __syncthreads();
    float v = 0;
    for (int k = 0; k < 8; k++) v += s[y][k] * s[k][x]; //! uninitialised
    if (x < n && y < n) c[y * n + x] = v;
}
