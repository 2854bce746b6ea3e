// run: --kernel scatter --grid 1 --block 32 --arg tensor:idx --arg zeros:y:f32:32
// tensor: idx i32 32 far
__global__ void scatter(const int* idx, float* y)
{
    int where = idx[threadIdx.x];
    y[where] = 1.0f; //! out-of-bounds [0,0,0] [5,0,0]
}
