// run: --kernel reduce --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:1
// tensor: x f32 64 ones
__global__ void reduce(const float* x, float* y)
{
    __shared__ float s[64];
    int t = threadIdx.x;
    s[t] = x[t];
    __syncthreads();
    if (t < 32)
    {
        s[t] += s[t + 32]; //! race
        s[t] += s[t + 16]; //! race
        s[t] += s[t + 8]; //! race
        s[t] += s[t + 4]; //! race
        s[t] += s[t + 2]; //! race
        s[t] += s[t + 1]; //! race
    }
    if (t == 0) *y = s[0];
}
