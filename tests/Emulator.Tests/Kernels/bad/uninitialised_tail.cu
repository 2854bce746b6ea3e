// run: --kernel sum --grid 2 --block 64 --arg tensor:x --arg zeros:y:f32:2 --arg i32:100
// tensor: x f32 100 ones
__global__ void sum(const float* x, float* y, int n)
{
    __shared__ float s[64];
    int t = threadIdx.x, i = blockIdx.x * 64 + t;
    if (i < n) s[t] = x[i];
    __syncthreads();
    for (int h = 32; h > 0; h /= 2)
    {
        if (t < h)
            s[t] += s[t + h]; //! uninitialised [1,0,0] [4,0,0]
        __syncthreads();
    }
    if (t == 0) y[blockIdx.x] = s[0];
}
