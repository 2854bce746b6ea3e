// run: --kernel cast --grid 1 --block 8 --arg tensor:x --arg zeros:y:f64:8
// tensor: x f32 20 ramp
__global__ void cast(const float* x, double* y)
{
    const double* d = (const double*)(x + 1);
    y[threadIdx.x] = d[threadIdx.x]; //! misaligned [0,0,0] [0,0,0]
}
