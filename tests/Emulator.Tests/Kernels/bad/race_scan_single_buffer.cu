// run: --kernel scan --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ones
__global__ void scan(const float* x, float* y)
{
    __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int o = 1; o < 64; o <<= 1)
    {
        if (t >= o)
            s[t] += s[t - o]; //! race
        __syncthreads();
    }
    y[t] = s[t];
}
