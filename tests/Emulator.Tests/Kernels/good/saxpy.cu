// run: --kernel saxpy --grid 4 --block 256 --arg f32:2 --arg tensor:x --arg tensor:y --arg i32:1000
// tensor: x f32 1000 ramp
// tensor: y f32 1000 ones
// value: y 999 = 1999
// counter: global_bytes_read = 8000
// counter: global_bytes_written = 4000
// counter: global_sectors = 375
// counter: ideal_global_sectors = 375
__global__ void saxpy(float a, const float* x, float* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + y[i];
}
