// run: --kernel dot --grid 2 --block 32 --arg tensor:x --arg zeros:y:f32:1
// tensor: x f32 64 ones
__global__ void dot(const float* x, float* y)
{
    float v = x[blockIdx.x * 32 + threadIdx.x];
    *y += v * v; //! race [0,0,0]
}
