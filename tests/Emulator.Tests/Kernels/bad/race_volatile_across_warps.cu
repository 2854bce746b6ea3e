// run: --kernel red --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:1
// tensor: x f32 64 ones
__global__ void red(const float* x, float* y)
{
    volatile __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = x[t]; //! race
    if (t < 32) { s[t] += s[t + 32]; s[t] += s[t + 16]; s[t] += s[t + 8]; s[t] += s[t + 4]; s[t] += s[t + 2]; s[t] += s[t + 1]; } //! race //? uninitialised
    if (t == 0) *y = s[0];
}
