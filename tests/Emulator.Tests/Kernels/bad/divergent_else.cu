// run: --kernel both --grid 1 --block 64 --arg zeros:y:f32:64
__global__ void both(float* y)
{
    if (threadIdx.x % 2 == 0)
    {
        y[threadIdx.x] = 1;
        __syncthreads(); //! divergent-barrier [0,0,0] [0,0,0]
    }
    else
    {
        y[threadIdx.x] = 2;
        __syncthreads(); //? divergent-barrier
    }
}
