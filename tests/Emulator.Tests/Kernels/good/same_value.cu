// run: --kernel anyNegative --grid 2 --block 64 --arg tensor:x --arg zeros:found:i32:1
// tensor: x f32 128 negative
// value: found 0 = 1
__global__ void anyNegative(const float* x, int* found)
{
    __shared__ int here;
    if (threadIdx.x == 0) here = 0;
    __syncthreads();
    if (x[blockIdx.x * blockDim.x + threadIdx.x] < 0) here = 1;
    __syncthreads();
    if (here) *found = 1;
}
