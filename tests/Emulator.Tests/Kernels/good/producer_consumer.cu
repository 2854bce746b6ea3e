// run: --kernel pass --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
// value: y 0 = 31
__global__ void pass(const float* x, float* y)
{
    __shared__ float s[32];
    unsigned t = threadIdx.x;
    if (t >= 16) s[t] = x[t];
    __syncwarp();
    if (t < 16) { s[t] = s[31 - t]; }
    __syncwarp();
    y[t] = s[t & 15];
}
