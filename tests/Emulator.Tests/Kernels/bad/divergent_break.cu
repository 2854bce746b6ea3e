// run: --kernel search --grid 1 --block 64 --arg tensor:x --arg zeros:y:i32:64
// tensor: x i32 64 ramp
__global__ void search(const int* x, int* y)
{
    int found = -1;
    for (int i = 0; i < 8; i++)
    {
        if (x[threadIdx.x] == i)
        {
            found = i;
            break;
        }
        __syncthreads(); //! divergent-barrier [0,0,0] [1,0,0]
    }
    y[threadIdx.x] = found;
}
