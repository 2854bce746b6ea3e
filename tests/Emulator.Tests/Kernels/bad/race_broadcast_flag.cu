// run: --kernel pick --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__global__ void pick(const float* x, float* y)
{
    __shared__ float chosen;
    if (threadIdx.x == 40)
        chosen = x[40]; //! race [0,0,0] [40,0,0]
    y[threadIdx.x] = chosen; //! race [0,0,0] //? uninitialised
}
