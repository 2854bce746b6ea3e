#include "columns.cuh"

// Sums over axes. The input's merged axes alternate between kept and reduced ones: size1 lies next to the innermost axis (`inner`), size7 is
// the outermost. Every order of summation follows from the sizes alone. Two shapes of work: rows, where the innermost axis is summed, and
// columns, where it is kept. A long sum is split: each split writes a partial sum, and a second kernel adds those in order.

// One step of an index into an offset; the outermost axis of a kind needs no division.
#define AXIS(n) if (axes > n) { place size = (place)size##n, &index = (n % 2 == 0) == inner_reduced ? reduced : kept; \
    place rest = axes > n + 2 ? index / size : 0; offset += (index - rest * size) * stride; index = rest; stride *= size; }
#define OUTER_AXES AXIS(1) AXIS(2) AXIS(3) AXIS(4) AXIS(5) AXIS(6) AXIS(7)

// The sum of elements [begin, end) of one row, in thread 0 of each warp row; `at(j)` says where element j lies.
template <typename T, typename Locate>
__device__ __forceinline__ accum sum_row(const T* x, place begin, place end, bool groups, accum* scratch, Locate at)
{
    accum sum = 0;
    if (groups)
    {
        constexpr int SIZE = group<T>::SIZE;
#pragma unroll 4
        for (place j = begin + threadIdx.x * SIZE; j < end; j += blockDim.x * SIZE) sum += sum_of(load_group(x + at(j)));
    }
    else
    {
#pragma unroll 4
        for (place j = begin + threadIdx.x; j < end; j += blockDim.x) sum += to_accum(x[at(j)]);
    }

    return blockDim.x == 32 ? warp_sum(sum) : block_sum(sum, scratch);
}

// reduce_rows: y[k] = scale * sum of the `length` elements of output k, or that of one split of them into parts[k, split]. Twin of Reduce.Cpu.cs.
//   operator reduce_sum, reduce_mean
//   shapes   x as above, innermost axis reduced; length = inner * all other reduced axes; y [outputs] or parts [outputs, splits]; chunk = elements a split
//   launch   grid ceil(outputs*splits/blockDim.y); block 32x8 (a warp a row, length <= 1024) or 256; shared 0
//   reads    S*outputs*length
//   writes   parts ? A*outputs*splits : S*outputs
//   bound    memory
//   why      a warp sums a short row by shuffles alone; a long one takes a block, or several
//   divergence the sums of a block's warps, and the few parts of a second stage, are read by fewer lanes than a warp has
extern "C" __global__ void __launch_bounds__(256) reduce_rows(
    const scalar* x, accum scale, scalar* y, accum* parts, long long outputs, long long length, long long splits, long long chunk,
    long long inner, int axes, long long size1, long long size2, long long size3, long long size4, long long size5, long long size6,
    long long size7)
{
    __shared__ accum scratch[32];
    long long item = blockIdx.x * (long long)blockDim.y + threadIdx.y;
    if (item >= outputs * splits) return;      // whole warps leave together, and a block of one row never does
    place output = (place)(item / splits), split = (place)(item % splits), begin = split * (place)chunk;
    place end = (place)min((long long)begin + chunk, length);
    constexpr bool inner_reduced = true;
    accum sum = sum_row(x, begin, end, inner % PACK == 0 && on_16_bytes(x), scratch, [=](place j)
    {
        place kept = output, reduced = axes > 2 ? j / (place)inner : 0, offset = j - reduced * (place)inner, stride = (place)inner;
        OUTER_AXES
        return offset;
    });
    if (threadIdx.x != 0) return;
    if (parts)
        parts[item] = sum;
    else
        y[item] = to_scalar(scale * sum);
}

// reduce_rows_merge: y[k] = scale * sum of parts[k, :], the second stage of reduce_rows.
//   operator reduce_sum, reduce_mean
//   shapes   parts [outputs, splits]; y [outputs]
//   launch   grid ceil(outputs/8); block 32x8; shared 0
//   reads    A*outputs*splits
//   writes   S*outputs
//   bound    memory
//   why      a warp a row: few bytes, one launch
extern "C" __global__ void __launch_bounds__(256) reduce_rows_merge(const accum* parts, accum scale, scalar* y, long long outputs, long long splits)
{
    long long output = blockIdx.x * (long long)blockDim.y + threadIdx.y;
    if (output >= outputs) return;
    const accum* row = parts + output * splits;
    accum sum = sum_row(row, 0, (place)splits, on_16_bytes(row) && splits % group<accum>::SIZE == 0, nullptr, [](place j) { return j; });
    if (threadIdx.x == 0) y[output] = to_scalar(scale * sum);
}

// reduce_columns: y[k, c] = scale * sum over r < rows of row r of output row k, or that of one split of the rows into parts. Twin of Reduce.Cpu.cs.
//   operator reduce_sum, reduce_mean
//   shapes   x as above, innermost axis kept; y [outputs, inner] or parts [splits, outputs, inner]; rows = all reduced axes; chunk = rows a split
//   launch   grid outputs*ceil(S*inner/512),splits; block 32x8; shared 0
//   reads    S*outputs*rows*inner
//   writes   parts ? A*gridDim.y*outputs*inner : S*outputs*inner
//   bound    memory
//   why      a warp reads 512 contiguous bytes of a row; eight rows are under way in a block, and more by splits where columns are few
extern "C" __global__ void __launch_bounds__(256) reduce_columns(
    const scalar* x, accum scale, scalar* y, accum* parts, long long outputs, long long rows, long long chunk,
    long long inner, int axes, long long size1, long long size2, long long size3, long long size4, long long size5, long long size6,
    long long size7)
{
    unsigned strips = gridDim.x / (unsigned)outputs;
    place output = blockIdx.x / strips, strip = blockIdx.x % strips, begin = blockIdx.y * (place)chunk;
    place end = (place)min((long long)begin + chunk, rows);
    constexpr bool inner_reduced = false;
    auto at = [=](place r)
    {
        place kept = output, reduced = r, offset = 0, stride = (place)inner;
        OUTER_AXES
        return offset;
    };
    long long row = output * inner, part = (blockIdx.y * outputs + output) * inner;
    sum_columns(x, strip, begin, end, inner, inner % PACK == 0 && on_16_bytes(x), at, [=](long long c, accum sum)
    {
        if (parts)
            parts[part + c] = sum;
        else
            y[row + c] = to_scalar(scale * sum);
    });
}

// reduce_columns_merge: y[c] = scale * sum over s of parts[s, c], the second stage of reduce_columns.
//   operator reduce_sum, reduce_mean
//   shapes   parts [splits, inner]; y [inner]
//   launch   grid ceil(A*inner/512); block 32x8; shared 0
//   reads    A*splits*inner
//   writes   S*inner
//   bound    memory
//   why      as reduce_columns, over partial sums
extern "C" __global__ void __launch_bounds__(256) reduce_columns_merge(const accum* parts, accum scale, scalar* y, long long splits, long long inner)
{
    bool groups = inner % group<accum>::SIZE == 0;
    sum_columns(parts, blockIdx.x, 0, (place)splits, inner, groups, [=](place r) { return r * (place)inner; }, [=](long long c, accum sum)
    {
        y[c] = to_scalar(scale * sum);
    });
}
