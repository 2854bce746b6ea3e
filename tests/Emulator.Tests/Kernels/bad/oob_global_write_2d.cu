// run: --kernel fill --grid 2,2 --block 16,16 --arg zeros:y:f32:20,20 --arg i32:20
__global__ void fill(float* y, int n)
{
    int col = blockIdx.x * blockDim.x + threadIdx.x;
    int row = blockIdx.y * blockDim.y + threadIdx.y;
    if (col < n)
        y[row * n + col] = 1; //! out-of-bounds [0,1,0] [0,4,0]
}
