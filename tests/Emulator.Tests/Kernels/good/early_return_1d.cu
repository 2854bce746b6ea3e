// run: --kernel relu --grid 3 --block 128 --arg tensor:x --arg zeros:y:f32:300 --arg i32:300
// tensor: x f32 300 ramp
// value: y 299 = 299
// counter: global_bytes_read = 1200
__global__ void relu(const float* x, float* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    y[i] = x[i] > 0.0f ? x[i] : 0.0f;
}
