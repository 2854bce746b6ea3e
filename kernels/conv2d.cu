#include "tiles.cuh"

// What convolution does around its matrix products: an image's columns, [(c, ky, kx), place], and the way back.

constexpr int UNFOLD_FLIGHT = 8;      // elements of a thread whose loads are under way together

// conv2d_unfold: columns = what the window sees, zeros outside the image: [images, (c,u,v), places], or with `together` [(c,u,v), images, places].
// Twin of Columns.cs.
//   operator conv2d
//   shapes   x [images,c,h,w]; columns as above, count in all; places = rows of the result * across
//   launch   grid ceil(count/2048); block 256; shared 0
//   reads    S*count
//   writes   S*count
//   bound    memory
//   why      flat over the columns: stores are contiguous; a row of the image is read once for each of the window's cells, from L2 after the first
//   sectors  a window's column begins anywhere in a row of the image, and a stride passes pixels over
extern "C" __global__ void __launch_bounds__(TILE_THREADS) conv2d_unfold(
    const scalar* x, scalar* columns, long long count, long long images, long long c, long long h, long long w, long long ky, long long kx,
    long long stride_y, long long stride_x, long long pad_y, long long pad_x, long long across, long long places, int together)
{
    long long first = blockIdx.x * (long long)(TILE_THREADS * UNFOLD_FLIGHT) + threadIdx.x;
    scalar value[UNFOLD_FLIGHT];
#pragma unroll
    for (int k = 0; k < UNFOLD_FLIGHT; k++)
    {
        value[k] = to_scalar(accum(0));
        if (first + k * TILE_THREADS >= count) continue;
        place i = (place)(first + k * TILE_THREADS), rest = i / (place)places, at = i - rest * (place)places;
        place inner = together ? (place)images : (place)(c * ky * kx), outer = rest / inner, rows = rest - outer * inner;
        place image = together ? rows : outer, row = together ? outer : rows;
        place line = at / (place)across, column = at - line * (place)across;
        place over = row / (place)kx, v = row - over * (place)kx, channel = over / (place)ky, u = over - channel * (place)ky;

        // Before the first row or column the difference wraps around and is beyond the last one.
        place from_y = line * (place)stride_y + u - (place)pad_y, from_x = column * (place)stride_x + v - (place)pad_x;
        if (from_y < (place)h && from_x < (place)w) value[k] = x[((image * (place)c + channel) * (place)h + from_y) * (place)w + from_x];
    }

#pragma unroll
    for (int k = 0; k < UNFOLD_FLIGHT; k++)
    {
        if (first + k * TILE_THREADS < count) columns[first + k * TILE_THREADS] = value[k];
    }
}

// conv2d_fold: dx, each pixel the sum over the window's cells that saw it, in row-major order. Twin of Columns.cs.
//   operator conv2d
//   shapes   columns [images,(c,u,v),places]; dx [images,c,h,w], count in all; places = rows of the result * across
//   launch   grid ceil(count/256); block 256; shared 0
//   reads    S*count/(h*w)*ky*kx*places
//   writes   S*count
//   bound    memory
//   why      a gather needs no atomics and no zeroing: every column is read once
//   sectors  a window's column begins anywhere in a row of the image, and with a stride neighbours look at different cells
//   divergence with a stride some pixels were seen by fewer cells than their neighbours
extern "C" __global__ void __launch_bounds__(TILE_THREADS) conv2d_fold(
    const scalar* columns, scalar* dx, long long count, long long h, long long w, long long ky, long long kx,
    long long stride_y, long long stride_x, long long pad_y, long long pad_x, long long across, long long places)
{
    long long first = blockIdx.x * (long long)TILE_THREADS + threadIdx.x;
    if (first >= count) return;
    place i = (place)first, rest = i / (place)w, plane = rest / (place)h;
    place y = rest - plane * (place)h + (place)pad_y, x = i - rest * (place)w + (place)pad_x;
    place down = (place)places / (place)across, first_line = y / (place)stride_y, first_column = x / (place)stride_x;
    const scalar* from = columns + plane * (place)(ky * kx) * (place)places;
    accum sum = 0;

    // A cell further on saw it from one place before; below place 0 the number wraps around and is beyond the last one.
    place line = first_line;
    for (place u = y - first_line * (place)stride_y; u < (place)ky; u += (place)stride_y, line--)
    {
        if (line >= down) continue;
        place column = first_column;
        for (place v = x - first_column * (place)stride_x; v < (place)kx; v += (place)stride_x, column--)
        {
            if (column < (place)across) sum += to_accum(from[(u * (place)kx + v) * (place)places + line * (place)across + column]);
        }
    }

    dx[first] = to_scalar(sum);
}
