// What the two Dice kernels share: sigma and its slope without cancellation, and the sums of a row.
#pragma once
#include "common.cuh"

struct probability
{
    accum p, q;         // p and 1 - p
};

__device__ __forceinline__ probability sigmoid_of(accum x)
{
    accum e = exp(-fabs(x)), large = accum(1) / (accum(1) + e), small = e * large;
    return x < 0 ? probability{small, large} : probability{large, small};
}

// sigma(x) * sigma(-x) = e / (1 + e)^2 with e = exp(-|x|)
__device__ __forceinline__ accum sigmoid_slope(accum x)
{
    accum e = exp(-fabs(x)), large = accum(1) / (accum(1) + e);
    return e * large * large;
}

struct dice_sums
{
    accum tp, fp, fn;

    __device__ __forceinline__ void add(probability x, accum y)
    {
        tp += x.p * y;
        fp += x.p * (accum(1) - y);
        fn += x.q * y;
    }
};

// Sums over the block (at most 8 warps), written as part `part` of `count` of a row; parts [3,count,rows].
__device__ __forceinline__ void store_sums(dice_sums sums, accum* parts, long long part, long long count, long long row, long long rows)
{
    __shared__ accum scratch[3][8];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    accum tp = warp_sum(sums.tp), fp = warp_sum(sums.fp), fn = warp_sum(sums.fn);
    if (lane < 3) scratch[lane][warp] = lane == 0 ? tp : lane == 1 ? fp : fn;
    __syncthreads();
    if (warp != 0) return;

    // Eight lanes a sum add what the warps have.
    int which = lane / 8, from = lane % 8;
    accum sum = which < 3 && from < blockDim.x / 32 ? scratch[which][from] : accum(0);
#pragma unroll
    for (int step = 4; step > 0; step >>= 1) sum += __shfl_xor_sync(FULL_WARP, sum, step);
    if (which < 3 && from == 0) parts[(which * count + part) * rows + row] = sum;
}
