#include "copies.cuh"

#define AXIS(n) if (axes > n) { place size = (place)size##n, rest = axes > n + 1 ? i / size : 0; \
    at += (i - rest * size) * (place)stride##n; i = rest; }

// permute_gather: y = x with its axes in another order, element by element of y. Twin of Permute.Cpu.cs.
//   operator permute
//   shapes   y, merged axes size0 (innermost) to size7; x is stride0.. away along them; in units of UNIT bytes (macro: 16, 8, 4 or 2); bytes in all
//   launch   grid ceil(bytes/16384); block 256; shared 0
//   reads    bytes
//   writes   bytes
//   bound    memory
//   why      where the innermost axis stays, its rows move whole, 16 bytes at a time; strided reads only where an axis is too short for tiles
extern "C" __global__ void __launch_bounds__(TILE_THREADS) permute_gather(
    const unit* x, unit* y, long long bytes, int axes, long long size0, long long stride0, long long size1, long long stride1,
    long long size2, long long stride2, long long size3, long long stride3, long long size4, long long stride4, long long size5, long long stride5,
    long long size6, long long stride6, long long size7, long long stride7)
{
    auto locate = [=](place i)
    {
        place at = 0;
        AXIS(0) AXIS(1) AXIS(2) AXIS(3) AXIS(4) AXIS(5) AXIS(6) AXIS(7)
        return at;
    };
    copy_tile(x, y, bytes, locate, [=](place i) { return i; });
}
#undef AXIS
#define AXIS(n) if (axes > n) { place size = (place)size##n, rest = axes > n + 1 ? which / size : 0, k = which - rest * size; \
    from += k * (place)from##n; to += k * (place)to##n; which = rest; }

// permute_tiles: the same where x's last axis goes elsewhere: 32 x 32 elements at a time through shared memory.
//   operator permute
//   shapes   across = size of x's last axis, across_stride away in y; down = size of y's last axis, down_stride away in x; outer = product of
//            the other axes size0 (innermost in y) to size5, from0.. away in x and to0.. away in y; UNIT = S
//   launch   grid outer*ceil(across/32)*ceil(down/32); block 32x8; shared 0
//   reads    S*outer*across*down
//   writes   S*outer*across*down
//   bound    memory
//   why      both sides read and write whole rows of a tile; an odd pitch in words puts a column's elements into 32 banks.
//            Rows that are no multiple of 32 bytes cost up to a quarter more sectors
//   divergence an axis shorter than 32 leaves the rest of its tile's lanes idle: 14 by 16 uses half of them
extern "C" __global__ void __launch_bounds__(256) permute_tiles(
    const unit* x, unit* y, long long outer, long long across, long long across_stride, long long down, long long down_stride, int axes,
    long long size0, long long from0, long long to0, long long size1, long long from1, long long to1, long long size2, long long from2, long long to2,
    long long size3, long long from3, long long to3, long long size4, long long from4, long long to4, long long size5, long long from5, long long to5)
{
    constexpr int PITCH = UNIT > 2 ? 33 : 34;
    __shared__ unit tile[32][PITCH];
    place tiles_across = (place)((across + 31) / 32), tiles_down = (place)((down + 31) / 32);
    place which = blockIdx.x / (tiles_across * tiles_down), in_plane = blockIdx.x - which * (tiles_across * tiles_down);
    place row = in_plane / tiles_across * 32, column = in_plane % tiles_across * 32, from = 0, to = 0;
    AXIS(0) AXIS(1) AXIS(2) AXIS(3) AXIS(4) AXIS(5)

    // 1. rows of x into the tile
#pragma unroll
    for (int k = threadIdx.y; k < 32; k += 8)
    {
        if (row + k < down && column + threadIdx.x < across)
        {
            tile[k][threadIdx.x] = load_unit(x + from + (row + k) * (place)down_stride + column + threadIdx.x);
        }
    }

    // 2. columns of the tile into rows of y
    __syncthreads();
#pragma unroll
    for (int k = threadIdx.y; k < 32; k += 8)
    {
        if (column + k < across && row + threadIdx.x < down)
        {
            store_unit(y + to + (column + k) * (place)across_stride + row + threadIdx.x, tile[threadIdx.x][k]);
        }
    }
}
