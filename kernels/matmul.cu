// The matrix products of matmul are cuBLAS calls. One case needs a kernel: a bf16 result that is the sum of several products (a gradient
// over broadcast axes) is summed in f32 and rounded once.
#include "common.cuh"

// matmul_narrow: y = wide, rounded.
//   operator matmul
//   shapes   wide, y [count]
//   launch   grid ceil(count/1024); block 256; shared 0
//   reads    A*count
//   writes   S*count
//   bound    memory
//   why      rounding after every product would lose bits; neighbouring lanes take neighbours, and a thread has 4 loads in flight
extern "C" __global__ void __launch_bounds__(256) matmul_narrow(const accum* wide, scalar* y, long long count)
{
    long long at = blockIdx.x * 1024LL + threadIdx.x;
    accum value[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
        if (at + i * 256 < count) value[i] = wide[at + i * 256];
#pragma unroll
    for (int i = 0; i < 4; i++)
        if (at + i * 256 < count) y[at + i * 256] = to_scalar(value[i]);
}
