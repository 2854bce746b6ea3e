// run: --kernel k --grid 1 --block 64 --arg tensor:x --arg zeros:y:f32:64
// tensor: x f32 64 ramp
__device__ void sync_all() {
    __syncthreads(); //! divergent-barrier [0,0,0]
}
__global__ void k(const float* x, float* y)
{
    if (x[threadIdx.x] < 10) sync_all();
    y[threadIdx.x] = x[threadIdx.x];
}
