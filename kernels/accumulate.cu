#include "tiles.cuh"

// accumulate_add_into: destination += source, the second gradient of a tensor onto the first. Twin of Accumulate.cs.
//   operator accumulate
//   shapes   destination, source [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    2*S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs of each array in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) accumulate_add_into(scalar* destination, const scalar* source, long long count)
{
    map_tile(destination, source, destination, count, [](accum old, accum x) { return old + x; });
}

// accumulate_move_towards: destination += rate * (source - destination), a moving average of source. Twin of Accumulate.cs.
//   operator accumulate
//   shapes   destination, source [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    2*S*count
//   writes   S*count
//   bound    memory
//   why      flat, as above; where source equals destination the average stays as it is, to the bit
extern "C" __global__ void __launch_bounds__(TILE_THREADS) accumulate_move_towards(
    scalar* destination, const scalar* source, accum rate, long long count)
{
    map_tile(destination, source, destination, count, [rate](accum old, accum x) { return old + rate * (x - old); });
}

// accumulate_widen: destination = source, or destination += source, in the accumulator's type: gradients of bf16 copies onto f32 arenas.
//   operator accumulate
//   shapes   destination accum [count]; source [count]; adds 1: onto what is there, 0: instead of it; any count
//   launch   grid ceil(count/1024); block 256; shared 0
//   reads    S*count + (adds ? A*count : 0)
//   writes   A*count
//   bound    memory
//   why      neighbouring lanes take neighbours, and a thread has 4 loads in flight
extern "C" __global__ void __launch_bounds__(256) accumulate_widen(accum* destination, const scalar* source, long long adds, long long count)
{
    long long at = blockIdx.x * 1024LL + threadIdx.x;
    accum value[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
        if (at + i * 256 < count) value[i] = to_accum(source[at + i * 256]) + (adds ? destination[at + i * 256] : accum(0));
#pragma unroll
    for (int i = 0; i < 4; i++)
        if (at + i * 256 < count) destination[at + i * 256] = value[i];
}
