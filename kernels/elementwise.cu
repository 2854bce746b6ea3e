#include "math.cuh"
#include "tiles.cuh"

// elementwise_gelu_forward: y = x * Phi(x), exact. Twin of Elementwise.Cpu.cs.
//   operator gelu
//   shapes   x, y [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_gelu_forward(const scalar* x, scalar* y, long long count)
{
    map_tile(x, nullptr, y, count, [](accum x, accum) { return gelu(x); });
}

// elementwise_gelu_backward: dx = dy * (Phi(x) + x * phi(x)). Twin of Elementwise.Cpu.cs.
//   operator gelu
//   shapes   x, dy, dx [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    2*S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs of each array in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_gelu_backward(
    const scalar* x, const scalar* dy, scalar* dx, long long count)
{
    map_tile(x, dy, dx, count, [](accum x, accum dy) { return dy * gelu_slope(x); });
}

// elementwise_relu_forward: y = max(x, 0); NaN stays NaN. Twin of Elementwise.Cpu.cs.
//   operator relu
//   shapes   x, y [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_relu_forward(const scalar* x, scalar* y, long long count)
{
    map_tile(x, nullptr, y, count, [](accum x, accum) { return relu(x); });
}

// elementwise_relu_backward: dx = dy where y > 0, else 0. Twin of Elementwise.Cpu.cs.
//   operator relu
//   shapes   y, dy, dx [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    2*S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs of each array in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_relu_backward(
    const scalar* y, const scalar* dy, scalar* dx, long long count)
{
    map_tile(y, dy, dx, count, [](accum y, accum dy) { return y <= accum(0) ? accum(0) : dy; });
}

// elementwise_tanh_forward: y = tanh(x). Twin of Elementwise.Cpu.cs.
//   operator tanh
//   shapes   x, y [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_tanh_forward(const scalar* x, scalar* y, long long count)
{
    map_tile(x, nullptr, y, count, [](accum x, accum) { return tanh(x); });
}

// elementwise_tanh_backward: dx = dy * (1 - y * y). Twin of Elementwise.Cpu.cs.
//   operator tanh
//   shapes   y, dy, dx [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    2*S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs of each array in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_tanh_backward(
    const scalar* y, const scalar* dy, scalar* dx, long long count)
{
    map_tile(y, dy, dx, count, [](accum y, accum dy) { return dy * (accum(1) - y * y); });
}

// elementwise_sigmoid_forward: y = 1 / (1 + exp(-x)). Twin of Elementwise.Cpu.cs.
//   operator sigmoid
//   shapes   x, y [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_sigmoid_forward(const scalar* x, scalar* y, long long count)
{
    map_tile(x, nullptr, y, count, [](accum x, accum) { return sigmoid(x); });
}

// elementwise_sigmoid_backward: dx = dy * y * (1 - y). Twin of Elementwise.Cpu.cs.
//   operator sigmoid
//   shapes   y, dy, dx [count]; any count
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    2*S*count
//   writes   S*count
//   bound    memory
//   why      flat: two packs of each array in flight a thread
extern "C" __global__ void __launch_bounds__(TILE_THREADS) elementwise_sigmoid_backward(
    const scalar* y, const scalar* dy, scalar* dx, long long count)
{
    map_tile(y, dy, dx, count, [](accum y, accum dy) { return dy * y * (accum(1) - y); });
}
