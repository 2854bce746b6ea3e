// run: --kernel weigh --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ones
// value: y 1 = 2
__constant__ float weights[4] = {1, 2, 3, 4};
__device__ int calls;

__global__ void weigh(const float* x, float* y)
{
    y[threadIdx.x] = x[threadIdx.x] * weights[threadIdx.x % 4];
    atomicAdd(&calls, 1);
}
