// run: --kernel reduce --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:1
// tensor: x f32 64 ones
// value: y 0 = 64
__global__ void reduce(const float* x, float* y)
{
    __shared__ float s[64];
    unsigned t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    if (t < 32)
    {
        float v = s[t] + s[t + 32];
        for (int o = 16; o > 0; o >>= 1)
        {
            s[t] = v; __syncwarp();
            if (t < o) v += s[t + o];
            __syncwarp();
        }
        if (t == 0) *y = v;
    }
}
