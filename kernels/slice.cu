#include "copies.cuh"

// slice_forward: y = a part of one axis of x. Twin of Slice.Cpu.cs.
//   operator slice
//   shapes   x [rows, large_block], the part begins at `before`; y [rows, block]; in units of UNIT bytes (macro: 16, 8, 4 or 2); bytes in all
//   launch   grid ceil(bytes/16384); block 256; shared 0
//   reads    bytes
//   writes   bytes
//   bound    memory
//   why      flat over the result, 64 bytes in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) slice_forward(
    const unit* x, unit* y, long long bytes, long long block, long long large_block, long long before)
{
    copy_out_of_part(x, y, bytes, block, large_block, before);
}

// slice_backward: dx = dy where it was taken from, 0 elsewhere. Twin of Slice.Cpu.cs.
//   operator slice
//   shapes   dy [rows, block]; dx [rows, large_block], the part begins at `before`; in units of UNIT bytes (macro); bytes in all
//   launch   grid ceil(bytes/16384); block 256; shared 0
//   reads    bytes/large_block*block
//   writes   bytes
//   bound    memory
//   why      flat over dx: each unit is written once, zero or not, 64 bytes in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) slice_backward(
    const unit* dy, unit* dx, long long bytes, long long block, long long large_block, long long before)
{
    long long count = bytes / UNIT, first = blockIdx.x * (long long)(TILE_THREADS * COPY_UNITS) + threadIdx.x;
    unit value[COPY_UNITS];
#pragma unroll
    for (int k = 0; k < COPY_UNITS; k++)
    {
        place i = (place)(first + k * TILE_THREADS), row = i / (place)large_block, column = i - row * (place)large_block - (place)before;
        bool inside = first + k * TILE_THREADS < count && column < (place)block;      // unsigned: what lies before the part is beyond it too
        value[k] = no_unit();
        if (inside) value[k] = load_unit(dy + row * (place)block + column);
    }

#pragma unroll
    for (int k = 0; k < COPY_UNITS; k++)
    {
        if (first + k * TILE_THREADS < count) store_unit(dx + first + k * TILE_THREADS, value[k]);
    }
}
