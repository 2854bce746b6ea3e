// run: --kernel chase --grid 1 --block 4 --arg tensor:p --arg zeros:y:f32:4
// tensor: p i64 4 ramp
__global__ void chase(float** p, float* y)
{
    y[threadIdx.x] = *p[threadIdx.x]; //! illegal-address [0,0,0] [0,0,0]
}
