// Batch normalisation, forward and backward. Twin of BatchNorm.Cpu.cs. A channel's elements, [images, n], are cut into parts of 4096, one a
// block; how they are cut and added follows from the sizes alone.
#include "tiles.cuh"

constexpr int HELD = 16;                            // elements of a thread
constexpr int PART = TILE_THREADS * HELD;           // BatchNorm.Cuda.cs knows this number

// The elements of a channel that this thread has, W neighbours at a time, zeros beyond its last; returns how many there are.
template <int W>
__device__ __forceinline__ int load_part(
    const scalar* x, accum* value, long long part, long long channel, long long images, long long channels, long long n)
{
    int mine = 0;
#pragma unroll
    for (int k = 0; k < HELD / W; k++)
    {
        pack wide;
#pragma unroll
        for (int i = 0; i < W; i++) wide.at[i] = 0;
        long long j = part * PART + (k * TILE_THREADS + threadIdx.x) * (long long)W;
        if (j < images * n)
        {
            place image = (place)j / (place)n, at = (place)j - image * (place)n;
            const scalar* from = x + (image * (place)channels + (place)channel) * (place)n + at;
            if (W == PACK) wide = load_pack(from);
            else wide.at[0] = to_accum(*from);
            mine += W;
        }
#pragma unroll
        for (int i = 0; i < W; i++) value[k * W + i] = wide.at[i];
    }

    return mine;
}

// Packs where n is a multiple of one and the address allows it, so that each lies within one image.
__device__ __forceinline__ int load_part(
    const scalar* x, accum* value, bool packs, long long part, long long channel, long long images, long long channels, long long n)
{
    return packs ? load_part<PACK>(x, value, part, channel, images, channels, n) : load_part<1>(x, value, part, channel, images, channels, n);
}

// batch_norm_parts: of each part of each channel the mean and the sum of squares about it. Twin of BatchNorm.Cpu.cs.
//   operator batch_norm
//   shapes   x [images,channels,n]; parts [channels,count,2], count = ceil(images*n/4096)
//   launch   grid channels*count; block 256; shared 0
//   reads    S*images*channels*n
//   writes   2*A*channels*count
//   bound    memory
//   why      a block holds its part in registers, so that x is read once and yet no square is taken before its mean is known
//   divergence the sums of a block's warps are read by eight lanes, and the last part of a channel may be short
extern "C" __global__ void __launch_bounds__(TILE_THREADS) batch_norm_parts(
    const scalar* x, accum* parts, long long images, long long channels, long long n, long long count)
{
    __shared__ accum sums[32], squares[32];
    long long channel = blockIdx.x / count, part = blockIdx.x % count;
    accum value[HELD];
    int mine = load_part(x, value, n % PACK == 0 && on_16_bytes(x), part, channel, images, channels, n);
    accum sum = 0, square = 0;
#pragma unroll
    for (int i = 0; i < HELD; i++) sum += value[i];
    accum mean = block_sum(sum, sums) / (accum)min(images * n - part * PART, (long long)PART);
#pragma unroll
    for (int i = 0; i < HELD; i++)
    {
        accum d = value[i] - mean;
        square += i < mine ? d * d : accum(0);
    }

    square = block_sum(square, squares);
    if (threadIdx.x == 0)
    {
        parts[2 * blockIdx.x] = mean;
        parts[2 * blockIdx.x + 1] = square;
    }
}

// batch_norm_merge: mean and rstd of each channel from its parts, and the running averages a step further. Twin of BatchNorm.Cpu.cs.
//   operator batch_norm
//   shapes   parts [channels,count,2]; running_mean, running_var, mean, rstd [channels]; total = elements of a channel
//   launch   grid ceil(channels/8); block 32x8; shared 0
//   reads    3*A*channels*count + 2*A*channels
//   writes   4*A*channels
//   bound    latency: a few kilobytes
//   why      a warp a channel, parts in fixed order; squares about the parts' means are moved to the channel's mean, as in Chan et al.
//   from     Ioffe and Szegedy 2015, arXiv:1502.03167, algorithm 1; Chan, Golub, LeVeque 1979, eq. 2.1
//   divergence channels have fewer parts than a warp has lanes
extern "C" __global__ void __launch_bounds__(256) batch_norm_merge(
    const accum* parts, accum* running_mean, accum* running_var, accum momentum, accum eps, accum* mean, accum* rstd,
    long long channels, long long count, long long total)
{
    long long channel = blockIdx.x * 8LL + threadIdx.y;
    if (channel >= channels) return;
    const accum* of_channel = parts + 2 * channel * count;
    accum sum = 0, squares = 0;
    for (long long p = threadIdx.x; p < count; p += 32) sum += of_channel[2 * p] * (accum)min(total - p * PART, (long long)PART);
    accum average = warp_sum(sum) / (accum)total;
    for (long long p = threadIdx.x; p < count; p += 32)
    {
        accum d = of_channel[2 * p] - average;
        squares += of_channel[2 * p + 1] + d * d * (accum)min(total - p * PART, (long long)PART);
    }

    squares = warp_sum(squares);
    if (threadIdx.x != 0) return;
    mean[channel] = average;
    rstd[channel] = accum(1) / sqrt(squares / (accum)total + eps);
    running_mean[channel] = (accum(1) - momentum) * running_mean[channel] + momentum * average;
    running_var[channel] = (accum(1) - momentum) * running_var[channel] + momentum * (squares / (accum)(total - 1));
}

// batch_norm_running: mean and rstd from the running averages. Twin of BatchNorm.Cpu.cs.
//   operator batch_norm
//   shapes   running_mean, running_var, mean, rstd [channels]
//   launch   grid ceil(channels/256); block 256; shared 0
//   reads    2*A*channels
//   writes   2*A*channels
//   bound    latency: a few kilobytes
//   why      so that training and evaluation share all other kernels
extern "C" __global__ void __launch_bounds__(256) batch_norm_running(
    const accum* running_mean, const accum* running_var, accum eps, accum* mean, accum* rstd, long long channels)
{
    long long channel = blockIdx.x * 256LL + threadIdx.x;
    if (channel >= channels) return;
    mean[channel] = running_mean[channel];
    rstd[channel] = accum(1) / sqrt(running_var[channel] + eps);
}

// The block's tile of a flat [images, channels, n]: of(channel) once for a pack, or for each element, gives what maps its elements. `packs` wants
// all addresses on 16 bytes and n a multiple of PACK, so that a pack lies within one channel.
template <typename Of>
__device__ __forceinline__ void map_channels(
    const scalar* x, const scalar* dy, scalar* result, long long channels, long long n, long long count, bool packs, Of of)
{
    long long first = blockIdx.x * (long long)TILE;
    if (packs)
    {
        pack left[TILE_PACKS], right[TILE_PACKS];
#pragma unroll
        for (int k = 0; k < TILE_PACKS; k++)
        {
            long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
            if (i >= count) continue;
            if (x) left[k] = load_pack(x + i);
            if (dy) right[k] = load_pack(dy + i);
        }

#pragma unroll
        for (int k = 0; k < TILE_PACKS; k++)
        {
            long long i = first + (k * TILE_THREADS + threadIdx.x) * (long long)PACK;
            if (i >= count) continue;
            auto map = of((place)i / (place)n % (place)channels);
#pragma unroll
            for (int j = 0; j < PACK; j++) left[k].at[j] = map(x ? left[k].at[j] : accum(0), dy ? right[k].at[j] : accum(0));
            store_pack(result + i, left[k]);
        }

        return;
    }

    for (long long i = first + threadIdx.x; i < min(first + TILE, count); i += TILE_THREADS)
    {
        auto map = of((place)i / (place)n % (place)channels);
        result[i] = to_scalar(map(x ? to_accum(x[i]) : accum(0), dy ? to_accum(dy[i]) : accum(0)));
    }
}

// batch_norm_forward: y = (x - mean) * rstd * weight + bias. Twin of BatchNorm.Cpu.cs.
//   operator batch_norm
//   shapes   x, y [images,channels,n], count in all; weight, bias [channels] or null; mean, rstd [channels]; wide = elements that share a channel's
//            numbers: of a pack, or 1
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count + ceil(count/wide)*(2*A + (weight ? S : 0) + (bias ? S : 0))
//   writes   S*count
//   bound    memory
//   why      flat over x; a channel's four numbers come from L1 (counted above), once a pack where n is a multiple of one
extern "C" __global__ void __launch_bounds__(TILE_THREADS) batch_norm_forward(
    const scalar* x, const scalar* weight, const scalar* bias, const accum* mean, const accum* rstd, scalar* y,
    long long channels, long long n, long long count, int wide)
{
    map_channels(x, nullptr, y, channels, n, count, wide == PACK, [=](place channel)
    {
        accum average = mean[channel], scale = rstd[channel];
        if (weight) scale *= to_accum(weight[channel]);
        accum shift = bias ? to_accum(bias[channel]) : accum(0);
        return [=](accum value, accum) { return (value - average) * scale + shift; };
    });
}

// batch_norm_backward_parts: of each part of each channel the sums of dy * (x - mean) * rstd and of dy. Twin of BatchNorm.Cpu.cs.
//   operator batch_norm
//   shapes   x (or null: its sum is zero), dy [images,channels,n]; mean, rstd [channels]; parts [channels,count,2]
//   launch   grid channels*count; block 256; shared 0
//   reads    S*images*channels*n*(x ? 2 : 1) + (x ? 2*A*256*channels*count : 0)
//   writes   2*A*channels*count
//   bound    memory
//   why      as batch_norm_parts: the sums of one part in one block, no atomics
//   divergence the sums of a block's warps are read by eight lanes, and the last part of a channel may be short
extern "C" __global__ void __launch_bounds__(TILE_THREADS) batch_norm_backward_parts(
    const scalar* x, const accum* mean, const accum* rstd, const scalar* dy, accum* parts,
    long long images, long long channels, long long n, long long count)
{
    __shared__ accum sums[32], products[32];
    long long channel = blockIdx.x / count, part = blockIdx.x % count;
    bool packs = n % PACK == 0 && on_16_bytes(dy) && (!x || on_16_bytes(x));
    accum slope[HELD];
    load_part(dy, slope, packs, part, channel, images, channels, n);
    accum sum = 0, product = 0;
#pragma unroll
    for (int i = 0; i < HELD; i++) sum += slope[i];
    if (x)
    {
        accum value[HELD], average = mean[channel], inverse = rstd[channel];
        load_part(x, value, packs, part, channel, images, channels, n);
#pragma unroll
        for (int i = 0; i < HELD; i++) product += slope[i] * ((value[i] - average) * inverse);    // beyond the last element slope is zero
    }

    sum = block_sum(sum, sums);
    product = block_sum(product, products);
    if (threadIdx.x == 0)
    {
        parts[2 * blockIdx.x] = product;
        parts[2 * blockIdx.x + 1] = sum;
    }
}

// batch_norm_backward_merge: the two sums of each channel, from its parts, and as dweight and dbias. Twin of BatchNorm.Cpu.cs.
//   operator batch_norm
//   shapes   parts [channels,count,2]; sums [2,channels]; dweight, dbias [channels] or null: not wanted
//   launch   grid ceil(channels/8); block 32x8; shared 0
//   reads    2*A*channels*count
//   writes   2*A*channels + (dweight ? S*channels : 0) + (dbias ? S*channels : 0)
//   bound    latency: a few kilobytes
//   why      a second stage in fixed order in place of atomics: the same bits in every run
//   divergence channels have fewer parts than a warp has lanes
extern "C" __global__ void __launch_bounds__(256) batch_norm_backward_merge(
    const accum* parts, accum* sums, scalar* dweight, scalar* dbias, long long channels, long long count)
{
    long long channel = blockIdx.x * 8LL + threadIdx.y;
    if (channel >= channels) return;
    const accum* of_channel = parts + 2 * channel * count;
    accum product = 0, sum = 0;
    for (long long p = threadIdx.x; p < count; p += 32)
    {
        product += of_channel[2 * p];
        sum += of_channel[2 * p + 1];
    }

    product = warp_sum(product);
    sum = warp_sum(sum);
    if (threadIdx.x != 0) return;
    sums[channel] = product;
    sums[channels + channel] = sum;
    if (dweight) dweight[channel] = to_scalar(product);
    if (dbias) dbias[channel] = to_scalar(sum);
}

// batch_norm_backward: dx = rstd * weight * (dy - mean(dy) - x^ * mean(dy * x^)) with x^ = (x - mean) * rstd; without sums mean and rstd are
// constants and dx = rstd * weight * dy. Twin of BatchNorm.Cpu.cs.
//   operator batch_norm
//   shapes   x (null without sums), dy, dx [images,channels,n], count in all; weight [channels] or null; mean, rstd [channels]; sums [2,channels]
//            or null; total = elements of a channel; wide as in forward
//   launch   grid ceil(S*count/8192); block 256; shared 0
//   reads    S*count*(sums ? 2 : 1) + ceil(count/wide)*((sums ? 4 : 1)*A + (weight ? S : 0))
//   writes   S*count
//   bound    memory
//   why      as batch_norm_forward
extern "C" __global__ void __launch_bounds__(TILE_THREADS) batch_norm_backward(
    const scalar* x, const scalar* weight, const accum* mean, const accum* rstd, const scalar* dy, const accum* sums, scalar* dx,
    long long channels, long long n, long long count, long long total, int wide)
{
    map_channels(sums ? x : nullptr, dy, dx, channels, n, count, wide == PACK, [=](place channel)
    {
        accum inverse = rstd[channel], scale = inverse;
        if (weight) scale *= to_accum(weight[channel]);
        accum average = sums ? mean[channel] : accum(0);
        accum slope = sums ? sums[channel] / (accum)total * inverse : accum(0), level = sums ? sums[channels + channel] / (accum)total : accum(0);
        return [=](accum value, accum gradient) { return scale * (gradient - level - (value - average) * slope); };
    });
}
