// run: --kernel fill --grid 1 --block 32 --arg null --arg i32:32
__global__ void fill(float* y, int n)
{
    int i = threadIdx.x;
    if (i < n)
        y[i] = 1; //! illegal-address [0,0,0] [0,0,0]
}
