// run: --kernel k --grid 2 --block 32 --arg tensor:x --arg zeros:y:f64:100 --arg i32:104
// tensor: x f64 104 ramp
__global__ void k(const double* x, double* y, int n)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        y[i] = 2 * x[i]; //! out-of-bounds [1,0,0] [4,0,0]
}
