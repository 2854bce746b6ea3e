// run: --kernel stencil --grid 4 --block 64 --arg tensor:in --arg zeros:out:i32:256
// tensor: in i32 262 ones
// value: out 0 = 7
// value: out 255 = 7
#define RADIUS 3
#define BLOCK_SIZE 64
__global__ void stencil(const int* in, int* out)
{
    __shared__ int temp[BLOCK_SIZE + 2 * RADIUS];
    int gindex = threadIdx.x + blockIdx.x * blockDim.x + RADIUS;
    int lindex = threadIdx.x + RADIUS;
    temp[lindex] = in[gindex];
    if (threadIdx.x < RADIUS)
    {
        temp[lindex - RADIUS] = in[gindex - RADIUS];
        temp[lindex + BLOCK_SIZE] = in[gindex + BLOCK_SIZE];
    }
    __syncthreads();
    int result = 0;
    for (int offset = -RADIUS; offset <= RADIUS; offset++) result += temp[lindex + offset];
    out[gindex - RADIUS] = result;
}
