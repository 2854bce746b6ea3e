// run: --kernel both --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 60 ramp
__global__ void both(const float* x, float* y)
{
    __shared__ float s[64];
    s[threadIdx.x] = x[threadIdx.x]; //! out-of-bounds [0,0,0] [60,0,0] //! race
    y[threadIdx.x] = s[threadIdx.x ^ 1]; //! race
}
