// run: --kernel reverse --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__global__ void reverse(const float* x, float* y)
{
    __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = x[t]; //! race [0,0,0]
    y[t] = s[63 - t]; //! race [0,0,0]
}
