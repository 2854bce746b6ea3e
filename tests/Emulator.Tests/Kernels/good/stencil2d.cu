// run: --kernel heat --grid 2,2 --block 16,16 --arg tensor:in --arg zeros:out:f64:32,32 --arg i32:32 --arg f64:0.1
// tensor: in f64 32,32 ones
// value: out 0 = 1
__global__ void heat(const double* __restrict__ in, double* __restrict__ out, int n, double c)
{
    __shared__ double s[18][18];
    const int gx = blockIdx.x * 16 + threadIdx.x, gy = blockIdx.y * 16 + threadIdx.y;
    const int lx = threadIdx.x + 1, ly = threadIdx.y + 1;
    auto at = [&](int y, int x) { return in[min(max(y, 0), n - 1) * n + min(max(x, 0), n - 1)]; };
    s[ly][lx] = at(gy, gx);
    if (threadIdx.x == 0) s[ly][0] = at(gy, gx - 1);
    if (threadIdx.x == 15) s[ly][17] = at(gy, gx + 1);
    if (threadIdx.y == 0) s[0][lx] = at(gy - 1, gx);
    if (threadIdx.y == 15) s[17][lx] = at(gy + 1, gx);
    __syncthreads();
    out[gy * n + gx] = s[ly][lx] + c * (s[ly][lx - 1] + s[ly][lx + 1] + s[ly - 1][lx] + s[ly + 1][lx] - 4.0 * s[ly][lx]);
}
