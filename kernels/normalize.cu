#include "held.cuh"

// 32 elements a lane: rows of up to 1024.
constexpr int HELD = 32;
typedef held_row<32, HELD> row_of_warp;

// normalize_forward: y = x / max(|x|, eps), row by row. Twin of Normalize.Cpu.cs.
//   operator normalize
//   shapes   x, y [rows,d]; length [rows]
//   launch   grid ceil(rows/4); block 32x4; shared 0
//   reads    S*rows*d*(d > 1024 ? 2 : 1)
//   writes   S*rows*d + A*rows
//   bound    memory
//   why      a warp a row, held in registers up to d = 1024; a longer one comes a second time, from L1 or L2
extern "C" __global__ void __launch_bounds__(128) normalize_forward(
    const scalar* x, accum eps, scalar* y, accum* length, long long rows, long long d)
{
    long long row = blockIdx.x * 4LL + threadIdx.y;
    if (row >= rows) return;
    int lane = threadIdx.x;
    const scalar* from = x + row * d;
    scalar* to = y + row * d;
    accum squares = 0;
    if (d <= row_of_warp::LENGTH)
    {
        row_of_warp v;
        v.load(from, d);
#pragma unroll
        for (int i = 0; i < HELD; i++) squares += v.at[i] * v.at[i];
        accum norm = max_or_nan(sqrt(warp_sum(squares)), eps);
#pragma unroll
        for (int i = 0; i < HELD; i++) v.at[i] /= norm;
        v.store(to, d);
        if (lane == 0) length[row] = norm;
        return;
    }

    for (long long i = lane; i < d; i += 32) squares += to_accum(from[i]) * to_accum(from[i]);
    accum norm = max_or_nan(sqrt(warp_sum(squares)), eps);
    for (long long i = lane; i < d; i += 32) to[i] = to_scalar(to_accum(from[i]) / norm);
    if (lane == 0) length[row] = norm;
}

// normalize_backward: dx = (dy - y * <y, dy>) / length; where the row was shorter than eps, dx = dy / eps. Twin of Normalize.Cpu.cs.
//   operator normalize
//   shapes   y, dy, dx [rows,d]; length [rows]
//   launch   grid ceil(rows/4); block 32x4; shared 0
//   reads    2*S*rows*d*(d > 1024 ? 2 : 1) + 32*A*rows
//   writes   S*rows*d
//   bound    memory
//   why      as forward; all lanes read the row's length, one sector
extern "C" __global__ void __launch_bounds__(128) normalize_backward(
    const scalar* y, const accum* length, accum eps, const scalar* dy, scalar* dx, long long rows, long long d)
{
    long long row = blockIdx.x * 4LL + threadIdx.y;
    if (row >= rows) return;
    int lane = threadIdx.x;
    const scalar *unit = y + row * d, *from = dy + row * d;
    scalar* to = dx + row * d;
    accum norm = length[row], along = 0;
    bool turns = norm > eps;      // else the length was eps, whatever x was
    if (d <= row_of_warp::LENGTH)
    {
        row_of_warp direction, v;
        direction.load(unit, d);
        v.load(from, d);
#pragma unroll
        for (int i = 0; i < HELD; i++) along += direction.at[i] * v.at[i];
        along = warp_sum(along);
#pragma unroll
        for (int i = 0; i < HELD; i++) v.at[i] = (turns ? v.at[i] - direction.at[i] * along : v.at[i]) / norm;
        v.store(to, d);
        return;
    }

    for (long long i = lane; i < d; i += 32) along += to_accum(unit[i]) * to_accum(from[i]);
    along = warp_sum(along);
    for (long long i = lane; i < d; i += 32)
    {
        accum v = to_accum(from[i]);
        to[i] = to_scalar((turns ? v - to_accum(unit[i]) * along : v) / norm);
    }
}
