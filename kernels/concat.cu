#include "copies.cuh"

// concat_forward: one input written to its place in y. Twin of Concat.Cpu.cs.
//   operator concat
//   shapes   x [rows, block]; y [rows, large_block], x's part begins at `before`; in units of UNIT bytes (macro: 16, 8, 4 or 2); bytes in all
//   launch   grid ceil(bytes/16384); block 256; shared 0
//   reads    bytes
//   writes   bytes
//   bound    memory
//   why      flat over the input, 64 bytes in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) concat_forward(
    const unit* x, unit* y, long long bytes, long long block, long long large_block, long long before)
{
    copy_into_part(x, y, bytes, block, large_block, before);
}

// concat_backward: one input's gradient read from its place in dy. Twin of Concat.Cpu.cs.
//   operator concat
//   shapes   dy [rows, large_block], dx's part begins at `before`; dx [rows, block]; in units of UNIT bytes (macro); bytes in all
//   launch   grid ceil(bytes/16384); block 256; shared 0
//   reads    bytes
//   writes   bytes
//   bound    memory
//   why      flat over the gradient, 64 bytes in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) concat_backward(
    const unit* dy, unit* dx, long long bytes, long long block, long long large_block, long long before)
{
    copy_out_of_part(dy, dx, bytes, block, large_block, before);
}
