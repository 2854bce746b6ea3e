// run: --kernel maxk --grid 2 --block 64 --arg tensor:x --arg zeros:y:f32:1 --arg i32:128
// tensor: x f32 128 ramp
// value: y 0 = 127
__device__ static float atomicMax(float* address, float val)
{
    int* address_as_i = (int*)address;
    int old = *address_as_i, assumed;
    do {
        assumed = old;
        old = ::atomicCAS(address_as_i, assumed, __float_as_int(::fmaxf(val, __int_as_float(assumed))));
    } while (assumed != old);
    return __int_as_float(old);
}
__global__ void maxk(const float* x, float* y, int n)
{
    __shared__ float best;
    if (threadIdx.x == 0) best = 0;
    __syncthreads();
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) atomicMax(&best, x[i]);
    __syncthreads();
    if (threadIdx.x == 0) atomicMax(y, best);
}
