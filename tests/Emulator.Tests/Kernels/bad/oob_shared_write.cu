// run: --kernel halo --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 64 ramp
#define R 2
__global__ void halo(const float* x, float* y)
{
    __shared__ float s[32 + R];
    int t = threadIdx.x;
    s[t + R] = x[t + R];
    if (t < R)
    {
        s[t] = x[t];
        s[t + R + 32] = x[t + 34]; //! out-of-bounds [0,0,0] [0,0,0]
    }
    __syncthreads();
    y[t] = s[t] + s[t + R];
}
