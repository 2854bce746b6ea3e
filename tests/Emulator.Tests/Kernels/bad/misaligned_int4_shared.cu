// run: --kernel k --grid 1 --block 8 --arg zeros:y:i32:32
__global__ void k(int4* y)
{
    __shared__ int s[40];
    for (int i = threadIdx.x; i < 40; i += 8) s[i] = i;
    __syncthreads();
    y[threadIdx.x] = *(int4*)&s[threadIdx.x * 4 + 2]; //! misaligned [0,0,0] [0,0,0]
}
