// run: --kernel rounds --grid 1 --block 32 --arg tensor:n --arg zeros:y:f32:32
// tensor: n i32 32 ramp
__global__ void rounds(const int* n, float* y)
{
    float v = 0;
    for (int i = 0; i < n[threadIdx.x]; i++)
    {
        v += i;
        __syncthreads(); //! divergent-barrier [0,0,0] [1,0,0]
    }
    y[threadIdx.x] = v;
}
