// run: --kernel reduce --grid 1 --block 256 --arg tensor:x --arg zeros:y:f32:1
// tensor: x f32 256 ones
__global__ void reduce(const float* x, float* y)
{
    __shared__ float s[256];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    for (int h = 128; h > 0; h >>= 1)
        if (t < h)
            s[t] += s[t + h]; //! race [0,0,0]
    if (t == 0) *y = s[0];
}
