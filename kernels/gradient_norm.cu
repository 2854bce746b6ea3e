// The norm of all gradients of a store, and the factor that clips them. Twin of GradientNorm.Cpu.cs.
#include "common.cuh"

// A sum over a block in double; scratch is shared memory for 32 sums.
__device__ __forceinline__ double block_sum_double(double x, double* scratch)
{
    int lane = threadIdx.x % 32;
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) x += __shfl_xor_sync(FULL_WARP, x, step);
    if (lane == 0) scratch[threadIdx.x / 32] = x;
    __syncthreads();
    x = lane < blockDim.x / 32 ? scratch[lane] : 0;
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) x += __shfl_xor_sync(FULL_WARP, x, step);
    return x;
}

// gradient_norm_parts: the sum of squares of each tile; 0 where its parameter has no gradient. Twin of GradientNorm.Cpu.cs.
//   operator gradient_norm
//   shapes   grad [n], flat; tiles i64 [gridDim.x,3]: parameter, first element, number of elements; active i64 [parameters]: 1 or 0;
//            parts f64 [gridDim.x]
//   launch   grid gridDim.x; block 256; shared 0
//   reads    S*n + 256*32*gridDim.x
//   writes   8*gridDim.x
//   bound    memory
//   why      one pass; sums in double, as on cpu, so that neither large nor small gradients leave the range: two instructions an element
extern "C" __global__ void __launch_bounds__(256) gradient_norm_parts(
    const scalar* grad, const long long* tiles, const long long* active, double* parts, long long n)
{
    __shared__ double scratch[32];
    const long long* tile = tiles + 3LL * blockIdx.x;
    long long first = tile[1], count = active[tile[0]] ? tile[2] : 0;
    double sum = 0;
    for (long long i = threadIdx.x * PACK; i < count; i += 256 * PACK)
    {
        if (i + PACK <= count)
        {
            pack g = load_pack(grad + first + i);
#pragma unroll
            for (int j = 0; j < PACK; j++) sum += (double)g.at[j] * (double)g.at[j];
            continue;
        }
        for (long long j = i; j < count; j++)
        {
            double g = (double)to_accum(grad[first + j]);
            sum += g * g;
        }
    }
    sum = block_sum_double(sum, scratch);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

// gradient_norm_finish: norm[0] = the root of the sum of the parts, norm[1] = what clips the gradients to most: most / (norm + 1e-6) where
// that is below 1, else 1. Twin of Optim/GradientClipping.cs.
//   operator gradient_norm
//   shapes   parts f64 [count]; norm f64 [2]; any count >= 0
//   launch   grid 1; block 256; shared 0
//   reads    8*count
//   writes   16
//   bound    latency (one block)
//   why      the same order in every run; the factor stays on the device, where adamw_arena reads it: no step waits for the host
extern "C" __global__ void __launch_bounds__(256) gradient_norm_finish(const double* parts, double most, double* norm, long long count)
{
    __shared__ double scratch[32];
    double sum = 0;
    for (long long i = threadIdx.x; i < count; i += 256) sum += parts[i];
    sum = block_sum_double(sum, scratch);
    if (threadIdx.x != 0) return;
    double root = sqrt(sum), factor = most / (root + 1e-6);
    norm[0] = root;
    norm[1] = root - root == 0 && factor < 1 ? factor : 1;       // not finite: clips nothing, and adamw_arena takes no step
}
