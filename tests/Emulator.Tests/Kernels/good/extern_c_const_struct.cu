// run: --kernel k --grid 2,1,2 --block 8,2,2 --arg tensor:x --arg zeros:y:f32:128
// tensor: x f32 128 ramp
// value: y 127 = 128
extern "C" {
__global__ void k(float const* const x, float* const y)
{
    unsigned tid = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    unsigned bid = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    unsigned i = bid * (blockDim.x * blockDim.y * blockDim.z) + tid;
    y[i] = __ldg(&x[i]) + 1.0f;
}
}
