// What a fully connected layer does between its matrix products: bias and activation, and on the way back their gradients.
// Twin of Linear.Cpu.cs, where the forward half is the product's epilogue. ACTIVATION is 0 (none), 1 (exact GELU) or 2 (ReLU).
// A warp owns 32 * width columns and walks down the rows, so that a bias and a partial sum stay in registers.
#include "common.cuh"
#include "math.cuh"

#ifndef ACTIVATION
#define ACTIVATION 1
#endif

constexpr int WARPS = 4;
constexpr int FLIGHT = 4;      // rows of a warp whose loads are under way together

// `width` neighbouring elements of a row: PACK of them in one access where the row length allows it, else one.
template <int W>
struct strip
{
    accum at[W];
};

template <int W>
__device__ __forceinline__ strip<W> load_strip(const scalar* address)
{
    strip<W> result;
    if constexpr (W == PACK)
    {
        pack values = load_pack(address);
#pragma unroll
        for (int i = 0; i < W; i++) result.at[i] = values.at[i];
    }
    else
        result.at[0] = to_accum(*address);
    return result;
}

template <int W>
__device__ __forceinline__ void store_strip(scalar* address, const strip<W>& value)
{
    if constexpr (W == PACK)
    {
        pack values;
#pragma unroll
        for (int i = 0; i < W; i++) values.at[i] = value.at[i];
        store_pack(address, values);
    }
    else
        *address = to_scalar(value.at[0]);
}

template <int W>
__device__ __forceinline__ void forward_strip(const scalar* z, const scalar* bias, scalar* y, long long rows, long long out, int part_rows)
{
    long long tiles = (out + 32 * W - 1) / (32 * W), column = (blockIdx.x % tiles * 32 + (threadIdx.x & 31)) * W;
    long long row = blockIdx.x / tiles * part_rows, end = row + part_rows < rows ? row + part_rows : rows;
    if (column >= out) return;
    strip<W> shift = {};
    if (bias != nullptr) shift = load_strip<W>(bias + column);
    for (row += threadIdx.x >> 5; row < end; row += FLIGHT * WARPS)
    {
        strip<W> value[FLIGHT];
#pragma unroll
        for (int r = 0; r < FLIGHT; r++)
            if (row + r * WARPS < end) value[r] = load_strip<W>(z + (row + r * WARPS) * out + column);
#pragma unroll
        for (int r = 0; r < FLIGHT; r++)
        {
            if (row + r * WARPS >= end) break;
#pragma unroll
            for (int i = 0; i < W; i++)
            {
                accum x = value[r].at[i] + shift.at[i];
                value[r].at[i] = ACTIVATION == 1 ? gelu(x) : ACTIVATION == 2 && x < 0 ? accum(0) : x;
            }
            store_strip<W>(y + (row + r * WARPS) * out + column, value[r]);
        }
    }
}

// linear_forward: y = activation(z + bias), where z = x * weight^T is the matrix product's. y may be z itself.
//   operator linear
//   shapes   z, y [rows,out]; bias [out]
//   launch   grid ceil(rows/part_rows)*ceil(out/(32*width)); block 128; shared 0
//   reads    S*rows*out + (bias ? 4*S*out*ceil(rows/part_rows) : 0)
//   writes   S*rows*out
//   bound    memory
//   why      each of a block's 4 warps reads its columns' bias once for all its rows, from L2 (counted above); 4 independent rows in flight
//   from     GELU: Hendrycks and Gimpel 2016, arXiv:1606.08415
extern "C" __global__ void __launch_bounds__(128) linear_forward(
    const scalar* z, const scalar* bias, scalar* y, long long rows, long long out, int part_rows, int width)
{
    if (width == PACK)
        forward_strip<PACK>(z, bias, y, rows, out, part_rows);
    else
        forward_strip<1>(z, bias, y, rows, out, part_rows);
}

template <int W>
__device__ __forceinline__ void backward_strip(
    const scalar* saved, const scalar* bias, const scalar* dy, scalar* dpre, scalar* dbias, accum* parts, accum* sums,
    long long rows, long long out, int part_rows)
{
    constexpr int STEP = 32 + 128 / (int)sizeof(accum) / W;     // so that neither the writes below nor the reads meet in a bank
    long long tiles = (out + 32 * W - 1) / (32 * W), part = blockIdx.x / tiles, first = blockIdx.x % tiles * (32 * W);
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    long long column = first + lane * W, row = part * part_rows, end = row + part_rows < rows ? row + part_rows : rows;

    // 1. dpre = dy * activation'(pre), and its sums down this warp's rows
    strip<W> sum = {}, shift = {};
    if (column < out)
    {
        if (ACTIVATION == 1 && bias != nullptr) shift = load_strip<W>(bias + column);
        for (row += warp; row < end; row += FLIGHT * WARPS)
        {
            strip<W> slope[FLIGHT], value[FLIGHT];
#pragma unroll
            for (int r = 0; r < FLIGHT; r++)
            {
                if (row + r * WARPS >= end) break;
                slope[r] = load_strip<W>(dy + (row + r * WARPS) * out + column);
                if (ACTIVATION != 0) value[r] = load_strip<W>(saved + (row + r * WARPS) * out + column);
            }
#pragma unroll
            for (int r = 0; r < FLIGHT; r++)
            {
                if (row + r * WARPS >= end) break;
#pragma unroll
                for (int i = 0; i < W; i++)
                {
                    if (ACTIVATION == 1) slope[r].at[i] *= gelu_slope(value[r].at[i] + shift.at[i]);
                    if (ACTIVATION == 2) slope[r].at[i] = value[r].at[i] > 0 ? slope[r].at[i] : accum(0);
                    sum.at[i] += slope[r].at[i];
                }
                if (ACTIVATION != 0) store_strip<W>(dpre + (row + r * WARPS) * out + column, slope[r]);
            }
        }
    }
    if (dbias == nullptr) return;

    // 2. the block's sums, warp after warp
#pragma unroll
    for (int i = 0; i < W; i++) sums[warp * W * STEP + i * STEP + lane] = sum.at[i];
    __syncthreads();
    for (int c = threadIdx.x; c < 32 * W && first + c < out; c += 32 * WARPS)
    {
        accum total = 0;
#pragma unroll
        for (int w = 0; w < WARPS; w++) total += sums[w * W * STEP + c % W * STEP + c / W];
        if (parts != nullptr)
            parts[part * out + first + c] = total;
        else
            dbias[first + c] = to_scalar(total);
    }
}

// linear_backward: dpre = dy * activation'(pre); per block of rows the column sums of dpre, or dbias itself where there is one block.
//   operator linear
//   shapes   dy, dpre, saved [rows,out]: z before the bias for GELU, y for ReLU; bias, dbias [out]; parts [ceil(rows/part_rows),out]
//   launch   grid ceil(rows/part_rows)*ceil(out/(32*width)); block 128; shared 0
//   reads    S*rows*out + (saved ? S*rows*out : 0) + (bias ? 4*S*out*ceil(rows/part_rows) : 0)
//   writes   (dpre ? S*rows*out : 0) + (parts ? A*out*ceil(rows/part_rows) : dbias ? S*out : 0)
//   bound    memory
//   why      the bias gradient costs no pass of its own: sums stay in registers, only partials are written. Rows alone fix the order
extern "C" __global__ void __launch_bounds__(128) linear_backward(
    const scalar* saved, const scalar* bias, const scalar* dy, scalar* dpre, scalar* dbias, accum* parts,
    long long rows, long long out, int part_rows, int width)
{
    __shared__ accum sums[WARPS * PACK * (32 + 128 / (int)sizeof(accum))];
    if (width == PACK)
        backward_strip<PACK>(saved, bias, dy, dpre, dbias, parts, sums, rows, out, part_rows);
    else
        backward_strip<1>(saved, bias, dy, dpre, dbias, parts, sums, rows, out, part_rows);
}

// linear_bias_sum: dbias = the sum of the partials, 8 warps taking every 8th row of them.
//   operator linear
//   shapes   parts [count,out]; dbias [out]
//   launch   grid ceil(out/32); block 256; shared 0
//   reads    A*count*out
//   writes   S*out
//   bound    latency: a few hundred kilobytes
//   why      a second stage in fixed order instead of atomics: the same bits in every run
extern "C" __global__ void __launch_bounds__(256) linear_bias_sum(const accum* parts, scalar* dbias, long long count, long long out)
{
    __shared__ accum sums[8 * 32];
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    long long column = blockIdx.x * 32LL + lane;
    accum sum = 0;
    if (column < out)
#pragma unroll 4
        for (long long part = warp; part < count; part += 8) sum += parts[part * out + column];
    sums[threadIdx.x] = sum;
    __syncthreads();
    if (warp > 0 || column >= out) return;
    accum total = 0;
#pragma unroll
    for (int w = 0; w < 8; w++) total += sums[w * 32 + lane];
    dbias[column] = to_scalar(total);
}
