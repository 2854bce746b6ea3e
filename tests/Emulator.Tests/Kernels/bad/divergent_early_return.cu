// run: --kernel shift --grid 2 --block 64 --arg tensor:x --arg zeros:y:f32:100 --arg i32:100
// tensor: x f32 100 ramp
__global__ void shift(const float* x, float* y, int n)
{
    __shared__ float s[64];
    int i = blockIdx.x * 64 + threadIdx.x;
    if (i >= n) return;
    s[threadIdx.x] = x[i];
    __syncthreads(); //! divergent-barrier [1,0,0] [0,0,0]
    y[i] = s[threadIdx.x];
}
