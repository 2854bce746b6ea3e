// run: --kernel vote --grid 1 --block 32 --arg tensor:x --arg zeros:y:i32:32
// tensor: x f32 32 ramp
__global__ void vote(const float* x, int* y)
{
    unsigned all = __ballot_sync(0x0000ffff, x[threadIdx.x] > 3); //! absent-lane [0,0,0] [16,0,0]
    y[threadIdx.x] = all;
}
