// run: --kernel saxpy --grid 4 --block 256 --arg f32:2 --arg tensor:x --arg tensor:y --arg i32:1000
// tensor: x f32 1000 ramp
// tensor: y f32 1000 ones
__global__ void saxpy(float a, const float* x, float* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    y[i] = a * x[i] + y[i]; //! out-of-bounds [3,0,0] [232,0,0]
}
