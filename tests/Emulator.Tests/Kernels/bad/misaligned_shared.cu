// run: --kernel pack --grid 1 --block 8 --arg zeros:y:i32:8
__global__ void pack(int* y)
{
    __shared__ __align__(16) char raw[64];
    for (int i = threadIdx.x; i < 64; i += 8) raw[i] = 0;
    __syncthreads();
    y[threadIdx.x] = *(int*)(raw + 1 + 4 * threadIdx.x); //! misaligned [0,0,0] [0,0,0]
}
