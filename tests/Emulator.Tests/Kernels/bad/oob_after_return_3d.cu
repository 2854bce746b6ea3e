// run: --kernel k --grid 1,1,2 --block 4,4,4 --arg zeros:y:f32:4,4,7
__global__ void k(float* y)
{
    int z = blockIdx.z * blockDim.z + threadIdx.z;
    y[(z * 4 + threadIdx.y) * 4 + threadIdx.x] = 1; //! out-of-bounds [0,0,1] [0,0,3]
}
