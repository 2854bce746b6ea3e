// run: --kernel reduce2 --grid 2 --block 256 --shared 1024 --arg tensor:x --arg zeros:y:f32:2 --arg i32:512
// tensor: x f32 512 ones
// value: y 1 = 256
// counter: barriers = 18
__global__ void reduce2(const float* x, float* y, int n)
{
    extern __shared__ float s[];
    int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    s[t] = i < n ? x[i] : 0.f;
    __syncthreads();
    for (int half = blockDim.x / 2; half > 0; half >>= 1)
    {
        if (t < half) s[t] += s[t + half];
        __syncthreads();
    }
    if (t == 0) y[blockIdx.x] = s[0];
}
