// run: --kernel last --grid 1 --block 64 --arg zeros:y:i32:1
__global__ void last(int* y)
{
    __shared__ int who;
    who = threadIdx.x; //! race [0,0,0]
    __syncthreads();
    if (threadIdx.x == 0) *y = who;
}
