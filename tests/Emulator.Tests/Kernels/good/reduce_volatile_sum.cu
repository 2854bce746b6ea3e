// run: --kernel reduce --grid 1 --block 128 --arg tensor:x --arg zeros:y:f32:1
// tensor: x f32 128 ramp
// value: y 0 = 8128
__global__ void reduce(const float* x, float* y)
{
    __shared__ float sdata[128];
    int tid = threadIdx.x;
    float mySum = x[tid];
    sdata[tid] = mySum;
    __syncthreads();
    if (tid < 64) sdata[tid] = mySum = mySum + sdata[tid + 64];
    __syncthreads();
    if (tid < 32)
    {
        volatile float* smem = sdata;
        smem[tid] = mySum = mySum + smem[tid + 32];
        smem[tid] = mySum = mySum + smem[tid + 16];
        smem[tid] = mySum = mySum + smem[tid + 8];
        smem[tid] = mySum = mySum + smem[tid + 4];
        smem[tid] = mySum = mySum + smem[tid + 2];
        smem[tid] = mySum = mySum + smem[tid + 1];
    }
    if (tid == 0) y[0] = sdata[0];
}
