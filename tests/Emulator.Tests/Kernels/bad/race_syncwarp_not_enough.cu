// run: --kernel k --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__global__ void k(const float* x, float* y)
{
    __shared__ float s[64];
    s[threadIdx.x] = x[threadIdx.x]; //! race
    __syncwarp();
    y[threadIdx.x] = s[63 - threadIdx.x]; //! race
}
