// run: --kernel sum --grid 8 --block 64 --arg tensor:x --arg zeros:part:f32:8 --arg zeros:y:f32:1 --arg zeros:count:u32:1 --arg i32:512
// tensor: x f32 512 ones
// value: y 0 = 512
__global__ void sum(const float* x, float* part, float* y, unsigned int* count, int n)
{
    __shared__ float s[64];
    __shared__ bool last;
    int t = threadIdx.x, i = blockIdx.x * blockDim.x + t;
    s[t] = i < n ? x[i] : 0;
    __syncthreads();
    for (int h = 32; h > 0; h /= 2)
    {
        if (t < h) s[t] += s[t + h];
        __syncthreads();
    }
    if (t == 0)
    {
        part[blockIdx.x] = s[0];
        __threadfence();
        unsigned int ticket = atomicInc(count, gridDim.x);
        last = (ticket == gridDim.x - 1);
    }
    __syncthreads();
    if (last)
    {
        s[t] = t < gridDim.x ? part[t] : 0;
        __syncthreads();
        if (t == 0)
        {
            float total = 0;
            for (int k = 0; k < gridDim.x; k++) total += s[k];
            *y = total;
            *count = 0;
        }
    }
}
