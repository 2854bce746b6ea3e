// run: --kernel scale --grid 3 --block 64 --arg tensor:x --arg f32:3 --arg i32:1000
// tensor: x f32 1000 ramp
// value: x 500 = 1500
// counter: global_bytes_read = 4000
// counter: global_bytes_written = 4000
extern "C" __global__ void scale(float* __restrict__ x, float by, int n)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x)
        x[i] *= by;
}
