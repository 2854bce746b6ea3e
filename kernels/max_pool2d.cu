#include "tiles.cuh"

// max_pool2d_forward: y = the largest pixel that the window sees, NaN if it sees one, and its number in the plane: the first of equals. Twin of
// MaxPool2d.Cpu.cs.
//   operator max_pool2d
//   shapes   x [planes,h,w]; y [planes,down,across], count in all; indices as y or null: not wanted
//   launch   grid ceil(count/256); block 256; shared 0
//   reads    S*count*ky*kx
//   writes   S*count + (indices ? 8*count : 0)
//   bound    memory
//   why      windows that overlap read a pixel again, from L1 (counted above)
//   sectors  a stride passes pixels over, and windows begin anywhere in a row
extern "C" __global__ void __launch_bounds__(TILE_THREADS) max_pool2d_forward(
    const scalar* x, scalar* y, long long* indices, long long count, long long h, long long w, long long ky, long long kx,
    long long stride_y, long long stride_x, long long pad_y, long long pad_x, long long down, long long across)
{
    long long i = blockIdx.x * (long long)TILE_THREADS + threadIdx.x;
    if (i >= count) return;
    place rest = (place)i / (place)across, column = (place)i - rest * (place)across, plane = rest / (place)down, line = rest - plane * (place)down;
    long long top = line * stride_y - pad_y, left = column * stride_x - pad_x;
    place first_y = (place)max(top, 0LL), end_y = (place)min(top + ky, h), first_x = (place)max(left, 0LL), end_x = (place)min(left + kx, w);
    const scalar* from = x + (long long)plane * h * w;
    place at = first_y * (place)w + first_x;
    accum best = -infinity();
    for (place v = first_y; v < end_y; v++)
    {
        for (place u = first_x; u < end_x; u++)
        {
            accum value = to_accum(from[v * (place)w + u]);
            if (value > best || value != value)
            {
                best = value;
                at = v * (place)w + u;
            }
        }
    }

    y[i] = to_scalar(best);
    if (indices) indices[i] = at;
}

// max_pool2d_backward: dx, each pixel the sum of dy over the places that chose it, places in order. Twin of MaxPool2d.Cpu.cs.
//   operator max_pool2d
//   shapes   dy, indices [planes,down,across]; dx [planes,h,w], count in all
//   launch   grid ceil(count/256); block 256; shared 0
//   reads    (8*ky*kx + S)*count/(h*w)*down*across
//   writes   S*count
//   bound    memory
//   why      a gather needs no atomics and no zeroing; a place's number is read by every pixel that it saw, from L1 after the first
//   sectors  with a stride neighbours look at the same places
//   divergence a place has one pixel alone, and with a stride some pixels are seen from fewer places than their neighbours
extern "C" __global__ void __launch_bounds__(TILE_THREADS) max_pool2d_backward(
    const scalar* dy, const long long* indices, scalar* dx, long long count, long long h, long long w, long long ky, long long kx,
    long long stride_y, long long stride_x, long long pad_y, long long pad_x, long long down, long long across)
{
    long long i = blockIdx.x * (long long)TILE_THREADS + threadIdx.x;
    if (i >= count) return;
    place rest = (place)i / (place)w, x = (place)i - rest * (place)w, plane = rest / (place)h, y = rest - plane * (place)h;
    long long number = (long long)y * w + x, from = (long long)plane * down * across;

    // The places that see a row: from the first whose window reaches down to it, to the last that begins at it or above.
    place low_y = y + (place)pad_y, low_x = x + (place)pad_x;
    place first_y = low_y < (place)ky ? 0 : (low_y - (place)ky) / (place)stride_y + 1, last_y = min(low_y / (place)stride_y, (place)down - 1);
    place first_x = low_x < (place)kx ? 0 : (low_x - (place)kx) / (place)stride_x + 1, last_x = min(low_x / (place)stride_x, (place)across - 1);
    accum sum = 0;
    for (place v = first_y; v <= last_y; v++)
    {
        for (place u = first_x; u <= last_x; u++)
        {
            long long at = from + v * (place)across + u;
            if (indices[at] == number) sum += to_accum(dy[at]);
        }
    }

    dx[i] = to_scalar(sum);
}
