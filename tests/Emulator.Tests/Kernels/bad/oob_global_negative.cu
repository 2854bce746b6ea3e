// run: --kernel diff --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
__global__ void diff(const float* x, float* y)
{
    int i = threadIdx.x;
    float left = x[i - 1]; //! out-of-bounds [0,0,0] [0,0,0]
    y[i] = x[i] - left;
}
