// run: --kernel count --grid 1 --block 64 --arg tensor:x --arg zeros:y:i32:64
// tensor: x i32 64 ramp
__global__ void count(const int* x, int* y)
{
    __shared__ int total;
    if (threadIdx.x == 0) total = 0;
    __syncthreads();
    if (x[threadIdx.x] % 2)
        atomicAdd(&total, 1); //! race [0,0,0]
    y[threadIdx.x] = total; //! race [0,0,0]
}
