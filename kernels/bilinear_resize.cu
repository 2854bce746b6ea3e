#include "tiles.cuh"

// Which two pixels along one axis an output pixel looks at (`first` and its right neighbour, the last one repeated) and the weight of the
// second: place (i + 1/2) * inputs / outputs - 1/2, not below 0, in whole numbers, so that it is exact.
struct source
{
    place first;
    accum second;
};

__device__ __forceinline__ source source_of(place output, place inputs, place outputs)
{
    place scaled = (2 * output + 1) * inputs, whole = scaled > outputs ? scaled - outputs : 0, first = whole / (2 * outputs);
    return {first, accum(whole - first * 2 * outputs) / accum(2 * outputs)};
}

// The first output that looks at input pixel k or a later one as its first.
__device__ __forceinline__ place first_output(place k, place inputs, place outputs)
{
    if (k == 0) return 0;
    place needed = (2 * k + 1) * outputs;
    return needed > inputs ? min((needed - inputs + 2 * inputs - 1) / (2 * inputs), outputs) : 0;
}

// What output pixel `output` gives to input pixel `input`.
__device__ __forceinline__ accum share_of(place output, place input, place inputs, place outputs)
{
    source at = source_of(output, inputs, outputs);
    accum share = at.first == input ? accum(1) - at.second : accum(0);
    return min(at.first + 1, inputs - 1) == input ? share + at.second : share;
}

constexpr int RESIZE_ROWS = 4;      // output rows of a thread

// bilinear_resize_forward: y = x at (i + 1/2) * h / height - 1/2, blended from its four neighbours. Twin of BilinearResize.Cpu.cs.
//   operator bilinear_resize
//   shapes   x [planes,h,w]; y [planes,height,width]; wide = elements of a pack where they divide width, else 1
//   launch   grid ceil(planes*ceil(height/4)*(width/wide)/256); block 256; shared 0
//   reads    4*S*planes*height*width
//   writes   S*planes*height*width
//   bound    memory
//   why      a thread works the columns of its pack out once for four rows; the four neighbours come from L1: when a map grows, many outputs
//            share them, and DRAM sees x once
extern "C" __global__ void __launch_bounds__(256) bilinear_resize_forward(
    const scalar* x, scalar* y, long long planes, long long h, long long w, long long height, long long width, int wide)
{
    place columns = (place)width / (place)wide, strips = ((place)height + RESIZE_ROWS - 1) / RESIZE_ROWS;
    long long thread = blockIdx.x * 256LL + threadIdx.x;
    if (thread >= planes * strips * columns) return;
    place column = (place)thread % columns, rest = (place)thread / columns, strip = rest % strips, plane = rest / strips;

    place left[PACK], right[PACK];
    accum weight[PACK];
#pragma unroll
    for (int j = 0; j < PACK; j++)
    {
        source at = source_of(column * (place)wide + (j < wide ? j : 0), (place)w, (place)width);
        left[j] = at.first;
        right[j] = min(at.first + 1, (place)w - 1);
        weight[j] = at.second;
    }

#pragma unroll
    for (int r = 0; r < RESIZE_ROWS; r++)
    {
        place i = strip * RESIZE_ROWS + r;
        if (i >= (place)height) break;
        source at = source_of(i, (place)h, (place)height);
        const scalar* upper = x + (plane * (place)h + at.first) * (place)w;
        const scalar* lower = x + (plane * (place)h + min(at.first + 1, (place)h - 1)) * (place)w;
        scalar* to = y + (plane * (place)height + i) * (place)width + column * (place)wide;
        accum down = at.second, up = accum(1) - down;
        pack result;
#pragma unroll
        for (int j = 0; j < PACK; j++)
        {
            if (j >= wide) break;

            // 1. blend two input rows, 2. blend two columns of the result
            accum a = up * to_accum(upper[left[j]]) + down * to_accum(lower[left[j]]);
            accum b = up * to_accum(upper[right[j]]) + down * to_accum(lower[right[j]]);
            result.at[j] = (accum(1) - weight[j]) * a + weight[j] * b;
        }

        if (wide == PACK)
            store_pack(to, result);
        else
            to[0] = to_scalar(result.at[0]);
    }
}

// Lanes that share one input pixel in backward: a warp where maps grow much, else one.
#ifndef LANES
#define LANES 32
#endif

// bilinear_resize_backward: dx, each input pixel the sum over the output pixels that look at it, rows first, in a fixed order. Twin of
// BilinearResize.Cpu.cs.
//   operator bilinear_resize
//   shapes   dy [planes,height,width]; dx [planes,h,w]; macro LANES: threads of one input pixel, 32 or 1
//   launch   grid ceil(planes*h*w/(256/LANES)); block 256; shared 0
//   reads    4*S*planes*height*width
//   writes   S*planes*h*w
//   bound    memory
//   why      a gather needs no atomics and no zeroing; each output lies in four windows, and comes from L1 or L2 after the first. A lane keeps
//            one row's share and one column's, so that an output costs a shuffle and a multiplication
extern "C" __global__ void __launch_bounds__(256) bilinear_resize_backward(
    const scalar* dy, scalar* dx, long long planes, long long h, long long w, long long height, long long width)
{
    long long pixel = blockIdx.x * (256LL / LANES) + threadIdx.x / LANES;
    if (pixel >= planes * h * w) return;      // a warp has one pixel, or its lanes never meet
    place lane = threadIdx.x % LANES, column = (place)pixel % (place)w, rest = (place)pixel / (place)w;
    place row = rest % (place)h, plane = rest / (place)h, rows = (place)height, columns = (place)width;
    place top = first_output(row > 0 ? row - 1 : 0, (place)h, rows), bottom = first_output(row + 1, (place)h, rows);
    place left = first_output(column > 0 ? column - 1 : 0, (place)w, columns), right = first_output(column + 1, (place)w, columns);
    const scalar* from = dy + (long long)plane * height * width;
    accum total = 0;
    for (place j = left + lane; j - lane < right; j += LANES)
    {
        // 1. rows
        accum gathered = 0;
        for (place block = top; block < bottom; block += LANES)
        {
            accum mine = block + lane < bottom ? share_of(block + lane, row, (place)h, rows) : accum(0);
            int count = (int)min(bottom - block, (place)LANES);
            for (int r = 0; r < count; r++)
            {
                accum share = LANES == 32 ? __shfl_sync(FULL_WARP, mine, r) : mine;
                if (j < right) gathered += share * to_accum(from[(block + r) * columns + j]);
            }
        }

        // 2. columns
        if (j < right) total += gathered * share_of(j, column, (place)w, columns);
    }

    if (LANES == 32) total = warp_sum(total);
    if (lane == 0) dx[pixel] = to_scalar(total);
}
