// run: --kernel blur --grid 1 --block 32 --arg tensor:x --arg zeros:y:f32:32
// tensor: x f32 32 ramp
__global__ void blur(const float* x, float* y)
{
    __shared__ float s[34];
    int t = threadIdx.x;
    s[t + 1] = x[t];
    __syncthreads();
    y[t] = s[t + 1]
        + s[t]        //! uninitialised [0,0,0] [0,0,0]
        + s[t + 2];   //! uninitialised [0,0,0] [31,0,0]
}
