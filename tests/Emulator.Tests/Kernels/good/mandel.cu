// run: --kernel mandel --grid 2,2 --block 16,8 --arg zeros:it:i32:16,32 --arg i32:32 --arg i32:16 --arg i32:50
// value: it 0 = 0
__global__ void mandel(int* it, int w, int h, int maxit)
{
    int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
    if (px >= w || py >= h) return;
    float cx = -2.5f + 3.5f * px / w, cy = -1.0f + 2.0f * py / h, x = 0, y = 0;
    int n = 0;
    while (x * x + y * y < 4.0f && n < maxit) { float t = x * x - y * y + cx; y = 2 * x * y + cy; x = t; ++n; }
    it[py * w + px] = n == maxit ? -1 : n - 1;
}
