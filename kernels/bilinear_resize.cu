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

constexpr int RESIZE_ROWS = 8, RESIZE_SPAN = 512;      // output rows of a block, and the most input columns that it blends

// bilinear_resize_forward: y = x at (i + 1/2) * h / height - 1/2, blended from its four neighbours. Twin of BilinearResize.Cpu.cs.
//   operator bilinear_resize
//   shapes   x [planes,h,w]; y [planes,height,width]; columns = outputs of a block along a row, so many that they look at 512 inputs at most
//   launch   grid planes*ceil(height/8)*ceil(width/columns); block 256; shared 0
//   reads    2*S*planes*height*(w + 2*(ceil(width/columns) - 1))
//   writes   S*planes*height*width
//   bound    memory
//   why      the two input rows of each output row are blended once into shared memory, as on cpu; a thread works its column out once for eight
//            rows. When a map grows, rows of x are few and come again from L1
extern "C" __global__ void __launch_bounds__(256) bilinear_resize_forward(
    const scalar* x, scalar* y, long long planes, long long h, long long w, long long height, long long width, int columns)
{
    __shared__ accum blended[RESIZE_ROWS * RESIZE_SPAN];
    place chunks = ((place)width + columns - 1) / columns, strips = ((place)height + RESIZE_ROWS - 1) / RESIZE_ROWS;
    place first = blockIdx.x % chunks * columns, rest = blockIdx.x / chunks, top = rest % strips * RESIZE_ROWS, plane = rest / strips;
    place last = min(first + columns, (place)width) - 1, rows = min((place)height - top, (place)RESIZE_ROWS);
    place left = source_of(first, (place)w, (place)width).first;
    place span = min(source_of(last, (place)w, (place)width).first + 1, (place)w - 1) - left + 1;

    // 1. blend two input rows for each output row
    const scalar* from = x + (long long)plane * h * w + left;
    for (place i = threadIdx.x; i < rows * span; i += 256)
    {
        place row = i / span, column = i - row * span;
        source at = source_of(top + row, (place)h, (place)height);
        accum upper = to_accum(from[at.first * (place)w + column]), lower = to_accum(from[min(at.first + 1, (place)h - 1) * (place)w + column]);
        blended[i] = (accum(1) - at.second) * upper + at.second * lower;
    }

    __syncthreads();

    // 2. blend two columns of the result
    scalar* to = y + ((long long)plane * height + top) * width;
    for (place j = first + threadIdx.x; j <= last; j += 256)
    {
        source at = source_of(j, (place)w, (place)width);
        const accum *a = blended + (at.first - left), *b = blended + (min(at.first + 1, (place)w - 1) - left);
#pragma unroll
        for (int r = 0; r < RESIZE_ROWS; r++)
        {
            if (r < rows) to[r * (place)width + j] = to_scalar((accum(1) - at.second) * a[r * span] + at.second * b[r * span]);
        }
    }
}

// Lanes that share one input column in backward: a warp where maps grow much, else one.
#ifndef LANES
#define LANES 32
#endif

constexpr int GATHER_SPAN = 1024;      // output columns whose sums a block keeps at a time

// bilinear_resize_backward: dx, each input pixel the sum over the output pixels that look at it, rows first, in a fixed order. Twin of
// BilinearResize.Cpu.cs.
//   operator bilinear_resize
//   shapes   dy [planes,height,width]; dx [planes,h,w]; columns = inputs of a block along a row, whose outputs are 1024 at most where columns > 1;
//            macro LANES: threads of one input column in step 2, 32 or 1
//   launch   grid planes*h*ceil(w/columns); block 256; shared 0
//   reads    2*S*planes*height*(width + 2*ceil(width/w)*(ceil(w/columns) - 1))
//   writes   S*planes*h*w
//   bound    memory
//   why      a gather needs no atomics and no zeroing; each output row is read by the two input rows it looks at, whole and in order, the second
//            time from L2
extern "C" __global__ void __launch_bounds__(256) bilinear_resize_backward(
    const scalar* dy, scalar* dx, long long planes, long long h, long long w, long long height, long long width, int columns)
{
    __shared__ accum gathered[GATHER_SPAN], shares[256];
    int thread = threadIdx.x, lane = thread % LANES;
    place chunks = ((place)w + columns - 1) / columns, first = blockIdx.x % chunks * columns, last = min(first + columns, (place)w);
    place line = blockIdx.x / chunks, row = line % (place)h, plane = line / (place)h;
    place top = first_output(row > 0 ? row - 1 : 0, (place)h, (place)height), bottom = first_output(row + 1, (place)h, (place)height);
    place left = first_output(first > 0 ? first - 1 : 0, (place)w, (place)width), right = first_output(last, (place)w, (place)width);
    const scalar* from = dy + (long long)plane * height * width;
    accum carried = 0;      // of a lane's column, where its outputs are more than gathered holds: such a block has one column
    place base = left;
    do
    {
        // 1. rows: what the output rows around the input row give to it
        int count = (int)min(right - base, (place)GATHER_SPAN);
        accum sum[GATHER_SPAN / 256];
#pragma unroll
        for (int k = 0; k < GATHER_SPAN / 256; k++) sum[k] = 0;
        for (place block = top; block < bottom; block += 256)
        {
            if (block > top) __syncthreads();
            if (block + thread < bottom) shares[thread] = share_of(block + thread, row, (place)h, (place)height);
            __syncthreads();
            int rows = (int)min(bottom - block, (place)256);
            const scalar* at = from + block * (long long)width + base;
#pragma unroll
            for (int k = 0; k < GATHER_SPAN / 256; k++)
            {
                int column = k * 256 + thread;
                if (column >= count) continue;
#pragma unroll 4
                for (int r = 0; r < rows; r++) sum[k] += shares[r] * to_accum(at[r * width + column]);
            }
        }

#pragma unroll
        for (int k = 0; k < GATHER_SPAN / 256; k++)
        {
            if (k * 256 + thread < count) gathered[k * 256 + thread] = sum[k];
        }

        __syncthreads();

        // 2. columns
        bool complete = base + GATHER_SPAN >= right;
        for (place j = first + thread / LANES; j < last; j += 256 / LANES)
        {
            place begin = max(first_output(j > 0 ? j - 1 : 0, (place)w, (place)width), base);
            place end = min(first_output(j + 1, (place)w, (place)width), base + count);
            accum total = carried;
            for (place i = begin + lane; i < end; i += LANES) total += share_of(i, j, (place)w, (place)width) * gathered[i - base];
            if (!complete)
            {
                carried = total;
                continue;
            }

            if (LANES == 32) total = warp_sum(total);
            if (lane == 0) dx[line * w + j] = to_scalar(total);
        }

        base += GATHER_SPAN;
        if (base < right) __syncthreads();
    }
    while (base < right);
}
