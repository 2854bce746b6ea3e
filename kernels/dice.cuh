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

// Sums over the block, written as part `part` of `count` of a row; parts [3,count,rows].
__device__ __forceinline__ void store_sums(dice_sums sums, accum* parts, long long part, long long count, long long row, long long rows)
{
    __shared__ accum scratch[3][32];
    sums.tp = block_sum(sums.tp, scratch[0]);
    sums.fp = block_sum(sums.fp, scratch[1]);
    sums.fn = block_sum(sums.fn, scratch[2]);
    if (threadIdx.x != 0) return;
    parts[part * rows + row] = sums.tp;
    parts[(count + part) * rows + row] = sums.fp;
    parts[(2 * count + part) * rows + row] = sums.fn;
}
