// run: --kernel scan --grid 1 --block 128 --arg tensor:x --arg zeros:y:i32:128
// tensor: x i32 128 ones
// value: y 127 = 128
__global__ void scan(const int* x, int* y)
{
    __shared__ int sums[4];
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, v = x[threadIdx.x];
    for (int d = 1; d < 32; d <<= 1)
    {
        int n = __shfl_up_sync(0xffffffffu, v, d);
        if (lane >= d) v += n;
    }
    if (lane == 31) sums[warp] = v;
    __syncthreads();
    if (warp == 0 && lane < 4)
    {
        int s = sums[lane];
        for (int d = 1; d < 4; d <<= 1)
        {
            int n = __shfl_up_sync(0xf, s, d);
            if (lane >= d) s += n;
        }
        sums[lane] = s;
    }
    __syncthreads();
    y[threadIdx.x] = v + (warp > 0 ? sums[warp - 1] : 0);
}
