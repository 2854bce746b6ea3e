// run: --kernel smooth --grid 2 --block 64 --arg tensor:x
// tensor: x f32 128 ramp
__global__ void smooth(float* x)
{
    int i = blockIdx.x * 64 + threadIdx.x;
    float right = i < 127 ? x[i + 1] : 0; //! race
    __syncthreads();
    x[i] = right; //! race
}
