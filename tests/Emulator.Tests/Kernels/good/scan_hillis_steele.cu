// run: --kernel scan --grid 1 --block 64 --shared 512 --arg tensor:x --arg zeros:y:f32:64 --arg i32:64
// tensor: x f32 64 ones
// value: y 63 = 63
// value: y 0 = 0
__global__ void scan(float* g_idata, float* g_odata, int n)
{
    extern __shared__ float temp[];
    int thid = threadIdx.x, pout = 0, pin = 1;
    temp[pout * n + thid] = (thid > 0) ? g_idata[thid - 1] : 0;
    __syncthreads();
    for (int offset = 1; offset < n; offset *= 2)
    {
        pout = 1 - pout;
        pin = 1 - pout;
        if (thid >= offset) temp[pout * n + thid] = temp[pin * n + thid] + temp[pin * n + thid - offset];
        else temp[pout * n + thid] = temp[pin * n + thid];
        __syncthreads();
    }
    g_odata[thid] = temp[pout * n + thid];
}
