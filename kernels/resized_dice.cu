// Bilinear resize, sigmoid and FP-weighted Dice in one, forward and backward: reads the small grid and the target, keeps no large map.
// Twin of ResizedDice.Cpu.cs.
#include "dice.cuh"

constexpr int AHEAD = 4;            // targets that a thread reads before it uses the first

// A strip is what lies between two neighbouring input rows: every output row whose upper neighbour is input row `strip`. A block has one
// strip of one map, a thread its output columns, so that each target is read once, neighbours by neighbours.

// Output place o looks at ((2 o + 1) * in - out) / (2 out), not below 0; all integers, so the border between strips is exact: the first
// place whose upper (left) neighbour is i or later.
__device__ __forceinline__ int first_place(int i, int in, int out)
{
    if (i <= 0) return 0;
    if (i >= in) return out;
    long long over = (long long)out * (2 * i + 1) - in;
    return over <= 0 ? 0 : (int)min((long long)out, (over + 2 * in - 1) / (2 * in));
}

// How far a place is beyond its first neighbour i, the weight of the second; inverse = 1 / (2 out).
__device__ __forceinline__ accum second_weight(int o, int i, int in, int out, accum inverse)
{
    long long over = (2LL * o + 1) * in - out - 2LL * out * i;
    return over <= 0 ? accum(0) : (accum)over * inverse;
}

// The strip's two rows of logits, to shared memory; a barrier is the caller's.
__device__ __forceinline__ void load_strip(const scalar* logits, long long map, int strip, int h, int w, accum* upper)
{
    const scalar* row = logits + (map * h + strip) * w;
    int below = strip + 1 < h ? w : 0;
    for (int j = threadIdx.x; j < w; j += blockDim.x)
    {
        upper[j] = to_accum(row[j]);
        upper[w + j] = to_accum(row[j + below]);
    }
}

// One output column between the two rows of logits.
struct between
{
    accum above, below;

    __device__ __forceinline__ between(const accum* upper, int column, int w, int width)
    {
        int left = (int)(max(0LL, (2LL * column + 1) * w - width) / (2LL * width)), right = min(left + 1, w - 1);
        accum second = second_weight(column, left, w, width, accum(0.5) / width), first = accum(1) - second;
        above = first * upper[left] + second * upper[right];
        below = first * upper[w + left] + second * upper[w + right];
    }

    __device__ __forceinline__ accum at(accum down) const { return (accum(1) - down) * above + down * below; }
};

// resized_dice_forward: sums TP, FP, FN of sigma(logits resized to the target's pixels) over a strip. Twin of ResizedDice.Cpu.cs.
//   operator resized_dice
//   shapes   logits [n,h,w]; target [n,height,width]; parts [3,h,n]; any n >= 0, sizes >= 1
//   launch   grid n*h; block 32*ceil(width/32), at most 256; shared 2*A*w
//   reads    S*n*height*width + 2*S*n*h*w
//   writes   3*A*n*h
//   bound    memory
//   why      the resized map is never written: a block has a strip between two input rows, whose logits lie in shared memory; a column's
//            two blends are made once, a pixel costs one more and the sigmoid
extern "C" __global__ void __launch_bounds__(256) resized_dice_forward(
    const scalar* logits, const scalar* target, accum* parts, long long n, int h, int w, int height, int width)
{
    extern __shared__ __align__(16) unsigned char shared[];
    accum* upper = (accum*)shared;
    long long map = blockIdx.x / h;
    int strip = blockIdx.x % h, begin = first_place(strip, h, height), end = first_place(strip + 1, h, height);
    accum inverse = accum(0.5) / height;
    load_strip(logits, map, strip, h, w, upper);
    __syncthreads();
    dice_sums sums = {0, 0, 0};
    for (int column = threadIdx.x; column < width; column += blockDim.x)
    {
        between z(upper, column, w, width);
        const scalar* y = target + map * height * width + column;
        for (int row = begin; row < end; row += AHEAD)
        {
            accum ahead[AHEAD];
#pragma unroll
            for (int k = 0; k < AHEAD; k++) ahead[k] = row + k < end ? to_accum(y[(row + k) * (long long)width]) : accum(0);
#pragma unroll
            for (int k = 0; k < AHEAD; k++)
            {
                if (row + k < end) sums.add(sigmoid_of(z.at(second_weight(row + k, strip, h, height, inverse))), ahead[k]);
            }
        }
    }
    store_sums(sums, parts, strip, h, map, n);
}

// resized_dice_backward: what a strip gives to the input row above it and to the one below. Twin of ResizedDice.Cpu.cs.
//   operator resized_dice
//   shapes   logits [n,h,w]; target [n,height,width]; factors [2,n]; dy [n] if dy_per_row, else one number; parts [2,n,h,w]
//   launch   grid n*h; block 32*ceil(width/32), at most 256; shared 2*A*(w + width)
//   reads    S*n*height*width + 2*S*n*h*w + (2*A + S)*n*h*blockDim.x
//   writes   A*n*h*w + A*n*(h - 1)*w
//   bound    memory
//   why      a thread sums its columns downwards in registers, twice: weighted for the row above and for the row below; then a warp a place
//            of the grid sums the columns that look at it. Each target is read once, every order is fixed
extern "C" __global__ void __launch_bounds__(256) resized_dice_backward(
    const scalar* logits, const scalar* target, const accum* factors, const scalar* dy, int dy_per_row, accum scale,
    accum* parts, long long n, int h, int w, int height, int width)
{
    extern __shared__ __align__(16) unsigned char shared[];
    accum *upper = (accum*)shared, *columns = upper + 2 * w;       // columns [2,width]
    long long map = blockIdx.x / h;
    int strip = blockIdx.x % h, begin = first_place(strip, h, height), end = first_place(strip + 1, h, height);
    accum inverse = accum(0.5) / height;
    load_strip(logits, map, strip, h, w, upper);
    accum g = to_accum(dy[dy_per_row ? map : 0]) * scale, absent = g * factors[map], present = g * factors[n + map];
    __syncthreads();

    // 1. rows: each column's gradients, summed for the row above and the row below
    for (int column = threadIdx.x; column < width; column += blockDim.x)
    {
        between z(upper, column, w, width);
        const scalar* y = target + map * height * width + column;
        accum above = 0, below = 0;
        for (int row = begin; row < end; row += AHEAD)
        {
            accum ahead[AHEAD];
#pragma unroll
            for (int k = 0; k < AHEAD; k++) ahead[k] = row + k < end ? to_accum(y[(row + k) * (long long)width]) : accum(0);
#pragma unroll
            for (int k = 0; k < AHEAD; k++)
            {
                if (row + k >= end) break;
                accum down = second_weight(row + k, strip, h, height, inverse);
                accum dz = (absent * (accum(1) - ahead[k]) + present * ahead[k]) * sigmoid_slope(z.at(down));
                above += (accum(1) - down) * dz;
                below += down * dz;
            }
        }
        columns[column] = above;
        columns[width + column] = below;
    }
    __syncthreads();

    // 2. columns: a warp a place, over the columns whose right or left neighbour it is
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warps = blockDim.x / 32;
    int each = (2 * w + warps - 1) / warps, last_place = min(2 * w, (warp + 1) * each);
    accum mine = 0;                                 // lane k keeps the k-th of the warp's places, 32 at a time
    for (int place = warp * each, k = 0; place < last_place; place++, k = (k + 1) % 32)
    {
        int j = place % w, from = first_place(j - 1, w, width), middle = first_place(j, w, width), to = first_place(j + 1, w, width);
        const accum* line = columns + (place < w ? 0 : width);
        accum sum = 0;
        for (int column = from + lane; column < to; column += 32)
        {
            accum share = column < middle ? second_weight(column, j - 1, w, width, accum(0.5) / width)
                : j == w - 1 ? accum(1) : accum(1) - second_weight(column, j, w, width, accum(0.5) / width);
            sum += share * line[column];
        }
        sum = warp_sum(sum);
        if (lane == k) mine = sum;
        if (k == 31 || place == last_place - 1)
        {
            if (lane <= k) upper[place - k + lane] = mine;      // no thread reads the logits any more
        }
    }
    __syncthreads();

    // 3. one line at the row above, one at the row below; the last row is its own lower neighbour
    bool last = strip == h - 1;
    accum* line = parts + (map * h + strip) * w;
    for (int j = threadIdx.x; j < w; j += blockDim.x)
    {
        line[j] = last ? upper[j] + upper[w + j] : upper[j];
        if (!last) line[(n * h + 1) * w + j] = upper[w + j];
    }
}

// resized_dice_gather: dlogits of a row = what its own strip and the strip above it give.
//   operator resized_dice
//   shapes   parts [2,n,h,w]; dlogits [n,h,w]; any n >= 0
//   launch   grid ceil(n*h*w/256); block 256; shared 0
//   reads    A*n*h*w + A*n*(h - 1)*w
//   writes   S*n*h*w
//   bound    latency (the grid is small)
//   why      a second kernel in place of atomics: every order is fixed
extern "C" __global__ void __launch_bounds__(256) resized_dice_gather(const accum* parts, scalar* dlogits, long long n, int h, int w)
{
    long long i = blockIdx.x * 256LL + threadIdx.x;
    if (i >= n * h * w) return;
    accum sum = parts[i];
    if (i / w % h > 0) sum += parts[n * h * w + i];
    dlogits[i] = to_scalar(sum);
}
