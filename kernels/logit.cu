#include "tiles.cuh"

// logit_forward: y = log(c / (1 - c)), c = x clipped to [eps, 1 - eps]. Twin of Logit.Cpu.cs.
//   operator logit
//   shapes   x, y [count]; low and high = the first and last numbers of the accumulator's type inside the clip range; edge = logit(eps)
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count
//   writes   S*count
//   bound    memory
//   why      flat; the ends are worked out in double on the host, since 1 - eps has few digits in f32
extern "C" __global__ void __launch_bounds__(TILE_THREADS) logit_forward(
    const scalar* x, accum low, accum high, accum edge, scalar* y, long long count)
{
    map_tile(x, nullptr, y, count, [=](accum x, accum)
    {
        return x < low ? edge : x > high ? -edge : log(x / (accum(1) - x));
    });
}

// logit_backward: dx = dy / (x * (1 - x)) inside the clip range, bounds included, else 0. Twin of Logit.Cpu.cs.
//   operator logit
//   shapes   x, dy, dx [count]; low and high as forward
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    2*S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs of each array in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) logit_backward(
    const scalar* x, accum low, accum high, const scalar* dy, scalar* dx, long long count)
{
    map_tile(x, dy, dx, count, [=](accum x, accum dy)
    {
        return x < low || x > high ? accum(0) : dy / (x * (accum(1) - x));
    });
}
