// run: --kernel k --grid 1 --block 32 --arg zeros:y:f64:32
__global__ void k(double* y)
{
    __shared__ double s[32];
    if (threadIdx.x != 7) s[threadIdx.x] = threadIdx.x;
    __syncthreads();
    y[threadIdx.x] = s[31 - threadIdx.x]; //! uninitialised [0,0,0] [24,0,0]
}
