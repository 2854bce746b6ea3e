// run: --kernel copy --grid 2 --block 64 --arg tensor:x --arg zeros:y:f32:101 --arg i32:100
// tensor: x f32 100 ramp
__global__ void copy(const float* x, float* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i <= n)
        y[i] =
            x[i]; //! out-of-bounds [1,0,0] [36,0,0]
}
