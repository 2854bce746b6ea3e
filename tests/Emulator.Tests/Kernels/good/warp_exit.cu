// run: --kernel rowsum --grid 2 --block 128 --arg tensor:x --arg zeros:y:f32:5 --arg i32:5 --arg i32:40
// tensor: x f32 5,40 ones
// value: y 4 = 40
__global__ void rowsum(const float* x, float* y, int rows, int d)
{
    int row = blockIdx.x * 4 + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    float s = 0;
    for (int i = lane; i < d; i += 32) s += x[row * d + i];
    for (int o = 16; o > 0; o /= 2) s += __shfl_down_sync(0xffffffff, s, o);
    if (lane == 0) y[row] = s;
}
