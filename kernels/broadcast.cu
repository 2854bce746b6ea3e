#include "tiles.cuh"

// Which operation: 0 a + b, 1 a * b. Which index: INDEX64, see tiles.cuh.
#ifndef PRODUCT
#define PRODUCT 0
#endif

__device__ __forceinline__ accum combine(accum a, accum b) { return PRODUCT ? a * b : a + b; }

// Where element i of y lies in both operands. Axes come innermost first with the distance each operand moves along them; neighbours that
// move alike are one axis already, so equal shapes have one axis and need no division.
struct operands
{
    place a, b;
};

#define AXIS(n) if (axes > n) { place size = (place)size##n, rest = axes > n + 1 ? i / size : 0, k = i - rest * size; \
    at.a += k * (place)a##n; at.b += k * (place)b##n; i = rest; }

// broadcast_forward: y = a + b or a * b with NumPy's broadcasting; without b, y = a * factor, a broadcast. Twin of Broadcast.Cpu.cs.
//   operator add, mul
//   shapes   a, b broadcast to y [count]; y's merged axes are size0 (innermost) to size7, a moves by a0.. and b by b0.. elements along them
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*(a0 || axes > 1 && size0 % PACK ? count : floor(count/PACK) + count % PACK)
//            + (b ? S*(b0 || axes > 1 && size0 % PACK ? count : floor(count/PACK) + count % PACK) : 0)
//   writes   S*count
//   bound    memory
//   why      flat over y: every store is contiguous, and a repeated operand comes again from L1 or L2 (counted above). Indices are worked out
//            once a pack, which lies within one innermost axis; where that axis is no multiple of a pack, element by element
extern "C" __global__ void __launch_bounds__(TILE_THREADS) broadcast_forward(
    const scalar* a, const scalar* b, accum factor, scalar* y, long long count, int axes,
    long long size0, long long a0, long long b0, long long size1, long long a1, long long b1, long long size2, long long a2, long long b2,
    long long size3, long long a3, long long b3, long long size4, long long a4, long long b4, long long size5, long long a5, long long b5,
    long long size6, long long a6, long long b6, long long size7, long long a7, long long b7)
{
    auto locate = [=](place i)
    {
        operands at = {0, 0};
        AXIS(0) AXIS(1) AXIS(2) AXIS(3) AXIS(4) AXIS(5) AXIS(6) AXIS(7)
        return at;
    };

    // 1. whole packs
    long long first = blockIdx.x * (long long)TILE, last = min(first + TILE, count);
    bool packs = (axes == 1 || size0 % PACK == 0) && on_16_bytes(a) && on_16_bytes(b) && on_16_bytes(y);
    long long packed = packs ? last - (last - first) % PACK : first;
    pack left[TILE_PACKS], right[TILE_PACKS];
#pragma unroll
    for (int k = 0; k < TILE_PACKS; k++)
    {
        long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
        if (i >= packed) continue;
        operands at = locate((place)i);
        if (a0)
            left[k] = load_pack(a + at.a);
        else
            left[k].at[0] = to_accum(a[at.a]);
        if (b && b0)
            right[k] = load_pack(b + at.b);
        else
            right[k].at[0] = b ? to_accum(b[at.b]) : factor;
    }

#pragma unroll
    for (int k = 0; k < TILE_PACKS; k++)
    {
        long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
        if (i >= packed) continue;
        pack result;
#pragma unroll
        for (int j = 0; j < PACK; j++)
        {
            accum l = a0 ? left[k].at[j] : left[k].at[0], r = b && b0 ? right[k].at[j] : right[k].at[0];
            result.at[j] = b ? combine(l, r) : l * r;
        }

        store_pack(y + i, result);
    }

    // 2. the rest, or all of it, one by one
    for (long long i = packed + threadIdx.x; i < last; i += TILE_THREADS)
    {
        operands at = locate((place)i);
        accum l = to_accum(a[at.a]);
        y[i] = to_scalar(b ? combine(l, to_accum(b[at.b])) : l * factor);
    }
}
