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
