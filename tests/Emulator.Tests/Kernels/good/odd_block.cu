// run: --kernel k --grid 3 --block 50 --arg tensor:x --arg zeros:y:f32:3
// tensor: x f32 150 ones
// value: y 2 = 50
__global__ void k(const float* x, float* y)
{
    __shared__ float s[50];
    int t = threadIdx.x;
    s[t] = x[blockIdx.x * 50 + t];
    __syncthreads();
    for (int n = 50; n > 1;)
    {
        int half = (n + 1) / 2;
        if (t < n / 2) s[t] += s[t + half];
        __syncthreads();
        n = half;
    }
    if (t == 0) y[blockIdx.x] = s[0];
}
