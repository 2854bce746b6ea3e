// run: --kernel rotate --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
__global__ void rotate(const float* x, float* y)
{
    __shared__ float s[32];
    int t = threadIdx.x;
    s[t] = x[t]; //! race [0,0,0]
    y[t] = s[(t + 1) % 32]; //! race [0,0,0]
}
