// run: --kernel reduce0 --grid 4 --block 128 --shared 512 --arg tensor:x --arg zeros:y:f32:4 --arg i32:500
// tensor: x f32 500 ones
// value: y 0 = 128
// value: y 3 = 116
__global__ void reduce0(float* g_idata, float* g_odata, unsigned int n)
{
    extern __shared__ float sdata[];
    unsigned int tid = threadIdx.x;
    unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    sdata[tid] = (i < n) ? g_idata[i] : 0;
    __syncthreads();
    for (unsigned int s = 1; s < blockDim.x; s *= 2)
    {
        if ((tid % (2 * s)) == 0) sdata[tid] += sdata[tid + s];
        __syncthreads();
    }
    if (tid == 0) g_odata[blockIdx.x] = sdata[0];
}
