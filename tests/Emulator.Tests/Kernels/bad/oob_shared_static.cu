// run: --kernel neighbours --grid 2 --block 64 --arg tensor:x --arg zeros:y:f32:128
// tensor: x f32 128 ramp
__global__ void neighbours(const float* x, float* y)
{
    __shared__ float s[64];
    __shared__ float other[64];
    int t = threadIdx.x;
    s[t] = x[blockIdx.x * 64 + t];
    other[t] = 0;
    __syncthreads();
    y[blockIdx.x * 64 + t] = s[t] + other[t]
        + s[t + 1]; //! out-of-bounds [0,0,0] [63,0,0]
}
