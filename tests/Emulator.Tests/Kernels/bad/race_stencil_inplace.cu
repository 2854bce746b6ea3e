// run: --kernel k --grid 1 --block 64 --arg tensor:x
// tensor: x f32 64 ramp
__global__ void k(float* x)
{
    int i = threadIdx.x;
    float l = i > 0 ? x[i - 1] : 0; //! race
    x[i] = l; //! race
}
