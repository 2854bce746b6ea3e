// run: --kernel keep --grid 3 --block 32 --shared 128 --arg zeros:y:f32:96
__global__ void keep(float* y)
{
    extern __shared__ float s[];
    if (blockIdx.x == 0) s[threadIdx.x] = 1;
    __syncthreads();
    y[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x]; //! uninitialised [1,0,0] [0,0,0]
}
