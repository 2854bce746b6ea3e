// run: --kernel shift --grid 2 --block 64 --arg tensor:x --arg zeros:y:f32:100 --arg i32:100
// tensor: x f32 100 ramp
// value: y 99 = 64
__global__ void shift(const float* x, float* y, int n)
{
    __shared__ float s[64];
    int i = blockIdx.x * 64 + threadIdx.x;
    s[threadIdx.x] = i < n ? x[i] : 0;
    __syncthreads();
    if (i >= n) return;
    y[i] = s[i + 1 < n && threadIdx.x < 63 ? threadIdx.x + 1 : 0];
}
