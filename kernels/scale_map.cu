#include "held.cuh"

constexpr int SCALE_THREADS = 128, BY_MAX = 0, BY_MINMAX = 1, BY_SIZE = 2;      // as enum MapScale
constexpr int HELD = 8;      // elements a thread: rows of up to 1024 stay in registers
typedef held_row<SCALE_THREADS, HELD> row_of_block;

__device__ __forceinline__ void multiply_row(const scalar* from, accum factor, scalar* to, long long p)
{
    if (p <= row_of_block::LENGTH)
    {
        row_of_block row;
        row.load(from, p);
#pragma unroll
        for (int s = 0; s < HELD; s++) row.at[s] *= factor;
        row.store(to, p);
        return;
    }

#pragma unroll 4
    for (long long i = threadIdx.x; i < p; i += SCALE_THREADS) to[i] = to_scalar(to_accum(from[i]) * factor);
}

// A value and where it stands. NaN is beyond every number in both directions; of equals the first one counts.
struct placed
{
    accum value;
    long long index;
};

__device__ __forceinline__ placed beyond(placed a, placed b, bool upwards)
{
    bool a_nan = a.value != a.value, b_nan = b.value != b.value;
    bool takes_b = a_nan || b_nan ? b_nan && (!a_nan || b.index < a.index)
        : b.value == a.value      ? b.index < a.index
        : upwards                 ? b.value > a.value
                                  : b.value < a.value;
    return takes_b ? b : a;
}

__device__ __forceinline__ placed furthest_of_warp(placed x, bool upwards)
{
#pragma unroll
    for (int step = 16; step > 0; step >>= 1)
    {
        placed other = {__shfl_xor_sync(FULL_WARP, x.value, step), __shfl_xor_sync(FULL_WARP, x.index, step)};
        x = beyond(x, other, upwards);
    }

    return x;
}

// scale_map_forward: y = x / max; (x - min) / (max - min), zeros for a flat row; x * p; x, row by row. Twin of ScaleMap.Cpu.cs.
//   operator scale_map
//   shapes   x, y [n,p]; places i64 [n,2]: the first maximum and the first minimum (by 0 and 1 only); by = MapScale
//   launch   grid n; block 128; shared 0
//   reads    S*n*p*(by < 2 && p > 1024 ? 2 : 1)
//   writes   S*n*p + (by < 2 ? 16*n : 0)
//   bound    memory
//   why      a block a row, held in registers up to p = 1024; a longer one comes a second time, from L1 or L2
//   divergence a map of 196 is 49 packs or 6.1 warps: the last warp is nearly all tail, and one lane stores the two places
extern "C" __global__ void __launch_bounds__(SCALE_THREADS) scale_map_forward(
    int by, const scalar* x, scalar* y, long long* places, long long n, long long p)
{
    __shared__ placed highest[SCALE_THREADS / 32], lowest[SCALE_THREADS / 32];
    const scalar* from = x + blockIdx.x * p;
    scalar* to = y + blockIdx.x * p;
    if (by >= BY_SIZE)
    {
        multiply_row(from, by == BY_SIZE ? accum(p) : accum(1), to, p);
        return;
    }

    // 1. extremes; what a thread starts from lies behind the row's end and yields to everything
    accum infinity = accum(__uint_as_float(0x7f800000u));
    placed high = {-infinity, p}, low = {infinity, p};
    bool held = p <= row_of_block::LENGTH, packs = p % PACK == 0;
    row_of_block row;
    if (held)
    {
        row.load(from, p);
#pragma unroll
        for (int s = 0; s < HELD; s++)
        {
            placed here = {row.at[s], row.column(s, packs)};
            if (here.index >= p) continue;
            high = beyond(high, here, true);
            low = beyond(low, here, false);
        }
    }
    else
    {
#pragma unroll 4
        for (long long i = threadIdx.x; i < p; i += SCALE_THREADS)
        {
            placed here = {to_accum(from[i]), i};
            high = beyond(high, here, true);
            low = beyond(low, here, false);
        }
    }

    high = furthest_of_warp(high, true);
    low = furthest_of_warp(low, false);
    int warp = threadIdx.x / 32;
    if (threadIdx.x % 32 == 0)
    {
        highest[warp] = high;
        lowest[warp] = low;
    }

    __syncthreads();
    high = highest[0];
    low = lowest[0];
#pragma unroll
    for (int w = 1; w < SCALE_THREADS / 32; w++)
    {
        high = beyond(high, highest[w], true);
        low = beyond(low, lowest[w], false);
    }

    if (threadIdx.x == 0)
    {
        places[2LL * blockIdx.x] = high.index;
        places[2LL * blockIdx.x + 1] = low.index;
    }

    // 2. scale
    accum base = by == BY_MAX ? accum(0) : low.value, range = high.value - base;
    bool flat = by == BY_MINMAX && high.value == low.value;
    if (held)
    {
#pragma unroll
        for (int s = 0; s < HELD; s++) row.at[s] = flat ? accum(0) : (row.at[s] - base) / range;
        row.store(to, p);
    }
    else
    {
#pragma unroll 4
        for (long long i = threadIdx.x; i < p; i += SCALE_THREADS)
        {
            to[i] = to_scalar(flat ? accum(0) : (to_accum(from[i]) - base) / range);
        }
    }
}

// scale_map_backward: dx = dy / range, and through maximum and minimum, whose parts go to the places that forward found. Twin of ScaleMap.Cpu.cs.
//   operator scale_map
//   shapes   x, dy, dx [n,p]; places i64 [n,2]; by = MapScale. With y = (x - low) / range: d/dhigh = -y / range, d/dlow = (y - 1) / range
//   launch   grid n; block 128; shared 0
//   reads    by < 2 ? S*n*p*(p > 1024 ? 3 : 2) + 128*(16+2*S)*n : S*n*p
//   writes   S*n*p
//   bound    memory
//   why      as forward; y comes from x, exact also where bf16 has rounded y. Every thread reads the two places (one sector a warp)
//   divergence a map of 196 is 6.1 warps: the last warp is nearly all tail; one lane each mends the two places
extern "C" __global__ void __launch_bounds__(SCALE_THREADS) scale_map_backward(
    int by, const scalar* x, const long long* places, const scalar* dy, scalar* dx, long long n, long long p)
{
    __shared__ accum scratch[32];
    const scalar *from = x + blockIdx.x * p, *given = dy + blockIdx.x * p;
    scalar* to = dx + blockIdx.x * p;
    if (by >= BY_SIZE)
    {
        multiply_row(given, by == BY_SIZE ? accum(p) : accum(1), to, p);
        return;
    }

    // 1. <dy, y> and the sum of dy
    long long high_at = places[2LL * blockIdx.x], low_at = places[2LL * blockIdx.x + 1];
    accum high = to_accum(from[high_at]), low = to_accum(from[low_at]);
    accum base = by == BY_MAX ? accum(0) : low, range = high - base, dot = 0, total = 0;
    bool flat = by == BY_MINMAX && high == low, held = p <= row_of_block::LENGTH, packs = p % PACK == 0;
    row_of_block row;
    if (held)
    {
        row_of_block map;
        row.load(given, p);
        map.load(from, p);
#pragma unroll
        for (int s = 0; s < HELD; s++)
        {
            if (row.column(s, packs) >= p) continue;
            dot += row.at[s] * ((map.at[s] - base) / range);
            total += row.at[s];
        }
    }
    else
    {
#pragma unroll 4
        for (long long i = threadIdx.x; i < p; i += SCALE_THREADS)
        {
            accum here = to_accum(given[i]);
            dot += here * ((to_accum(from[i]) - base) / range);
            total += here;
        }
    }

    dot = block_sum(dot, scratch);
    __syncthreads();
    total = block_sum(total, scratch);

    // 2. scale
    accum at_low = by == BY_MINMAX ? dot - total : accum(0);
    if (held)
    {
#pragma unroll
        for (int s = 0; s < HELD; s++)
        {
            long long i = row.column(s, packs);
            accum value = row.at[s] - (i == high_at ? dot : accum(0)) + (i == low_at ? at_low : accum(0));
            row.at[s] = flat ? accum(0) : value / range;
        }

        row.store(to, p);
    }
    else
    {
#pragma unroll 4
        for (long long i = threadIdx.x; i < p; i += SCALE_THREADS)
        {
            accum value = to_accum(given[i]) - (i == high_at ? dot : accum(0)) + (i == low_at ? at_low : accum(0));
            to[i] = to_scalar(flat ? accum(0) : value / range);
        }
    }
}
