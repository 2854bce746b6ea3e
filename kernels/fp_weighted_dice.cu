// FP-weighted Dice of probabilities or logits, forward and backward. Twin of FpWeightedDice.Cpu.cs.
#include "dice.cuh"

constexpr int TURNS = 4;                            // packs of one thread
constexpr int TILE = TURNS * 256 * PACK;            // places of one block: 16 KB

// Elements between the last 32-byte border of memory and the row's first one: where a warp starts, so that it touches whole sectors.
__device__ __forceinline__ int unaligned(long long row, long long size) { return (int)(row * size % (32 / (int)sizeof(scalar))); }

// fp_weighted_dice_forward: sums TP = sum p * y, FP = sum p * (1 - y), FN = sum (1 - p) * y over a part of a row, p the prediction or
// its sigmoid. Twin of FpWeightedDice.Cpu.cs.
//   operator fp_weighted_dice
//   shapes   prediction, target [rows,size]; parts [3,ceil(size*S/16384),rows]; any rows >= 0, size >= 0
//   launch   grid rows*ceil(size*S/16384); block 256; shared 0
//   reads    2*S*rows*size
//   writes   3*A*gridDim.x
//   bound    memory
//   why      one pass over p and y, sigmoid and three sums in registers
//   from     the paper's eq. 2-3; without smoothing Tversky's score with weights w/2 and 1/2
extern "C" __global__ void __launch_bounds__(256) fp_weighted_dice_forward(
    const scalar* prediction, int logits, const scalar* target, accum* parts, long long rows, long long size)
{
    long long count = (size + TILE - 1) / TILE, row = blockIdx.x / count, part = blockIdx.x % count;
    long long end = min(size, (part + 1) * TILE);
    const scalar *x = prediction + row * size, *y = target + row * size;
    dice_sums sums = {0, 0, 0};

    // 1. sums of the row
    if (size % PACK == 0)
    {
#pragma unroll
        for (int turn = 0; turn < TURNS; turn++)
        {
            long long i = part * TILE + (turn * 256 + threadIdx.x) * PACK;
            if (i >= end) break;
            pack a = load_pack(x + i), b = load_pack(y + i);
#pragma unroll
            for (int j = 0; j < PACK; j++) sums.add(logits ? sigmoid_of(a.at[j]) : probability{a.at[j], accum(1) - a.at[j]}, b.at[j]);
        }
    }
    else
    {
        for (long long i = part * TILE + threadIdx.x - unaligned(row, size); i < end; i += 256)
        {
            if (i < part * TILE) continue;
            accum a = to_accum(x[i]);
            sums.add(logits ? sigmoid_of(a) : probability{a, accum(1) - a}, to_accum(y[i]));
        }
    }
    store_sums(sums, parts, part, count, row, rows);
}

// fp_weighted_dice_finish: the rows' losses (FN + w * FP) / B with B = 2 * TP + FN + w * FP + smooth, the two factors of their gradient
// (dloss/dp at y = 0 and at y = 1; between them it is linear in y), and scale * the sum of the losses. Twin of FpWeightedDice.Cpu.cs.
//   operator fp_weighted_dice, resized_dice
//   shapes   parts [3,count,rows]; losses [rows], null: not wanted; loss one number, null: not wanted; factors [2,rows]; any rows >= 0
//   launch   grid 1; block 256; shared 0
//   reads    3*A*count*rows
//   writes   (losses ? S*rows : 0) + (loss ? S : 0) + 2*A*rows
//   bound    latency (one block)
//   why      a thread a row adds its parts in order, then the block adds the rows: the same bits in every run
extern "C" __global__ void __launch_bounds__(256) fp_weighted_dice_finish(
    const accum* parts, accum false_positive_weight, accum smooth, accum scale, scalar* losses, scalar* loss, accum* factors,
    long long rows, long long count)
{
    __shared__ accum scratch[32];
    accum sum = 0;
    for (long long row = threadIdx.x; row < rows; row += 256)
    {
        dice_sums sums = {0, 0, 0};
        for (long long part = 0; part < count; part++)
        {
            sums.tp += parts[part * rows + row];
            sums.fp += parts[(count + part) * rows + row];
            sums.fn += parts[(2 * count + part) * rows + row];
        }

        // 2. loss and the two factors of its gradient
        accum wrong = sums.fn + false_positive_weight * sums.fp, right = 2 * sums.tp + smooth, all = wrong + right;
        if (losses) losses[row] = to_scalar(wrong / all);
        factors[row] = false_positive_weight * right / (all * all);
        factors[rows + row] = -(all + wrong) / (all * all);
        sum += wrong / all;
    }
    if (loss == nullptr) return;
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) *loss = to_scalar(scale * sum);
}

// fp_weighted_dice_backward: dprediction = dy * scale * (factor0 * (1 - y) + factor1 * y), times sigma(x) * sigma(-x) for logits.
// Twin of FpWeightedDice.Cpu.cs.
//   operator fp_weighted_dice
//   shapes   prediction, target, dprediction [rows,size]; factors [2,rows]; dy [rows] if dy_per_row, else one number;
//            any rows >= 0, size >= 0
//   launch   grid rows*ceil(size*S/16384); block 256; shared 0
//   reads    S*rows*size + (logits ? S*rows*size : 0) + 256*(2*A + S)*gridDim.x
//   writes   S*rows*size
//   bound    memory
//   why      closed form: two numbers a row, one pass
extern "C" __global__ void __launch_bounds__(256) fp_weighted_dice_backward(
    const scalar* prediction, int logits, const scalar* target, const accum* factors, const scalar* dy, int dy_per_row, accum scale,
    scalar* dprediction, long long rows, long long size)
{
    long long count = (size + TILE - 1) / TILE, row = blockIdx.x / count, part = blockIdx.x % count;
    long long end = min(size, (part + 1) * TILE);
    const scalar *x = prediction + row * size, *y = target + row * size;
    scalar* dx = dprediction + row * size;
    accum g = to_accum(dy[dy_per_row ? row : 0]) * scale, absent = g * factors[row], present = g * factors[rows + row];
    if (size % PACK == 0)
    {
#pragma unroll
        for (int turn = 0; turn < TURNS; turn++)
        {
            long long i = part * TILE + (turn * 256 + threadIdx.x) * PACK;
            if (i >= end) break;
            pack b = load_pack(y + i), a = b;
            if (logits) a = load_pack(x + i);
#pragma unroll
            for (int j = 0; j < PACK; j++)
            {
                accum dp = absent * (accum(1) - b.at[j]) + present * b.at[j];
                a.at[j] = logits ? dp * sigmoid_slope(a.at[j]) : dp;
            }
            store_pack(dx + i, a);
        }
        return;
    }
    for (long long i = part * TILE + threadIdx.x - unaligned(row, size); i < end; i += 256)
    {
        if (i < part * TILE) continue;
        accum b = to_accum(y[i]), dp = absent * (accum(1) - b) + present * b;
        dx[i] = to_scalar(logits ? dp * sigmoid_slope(to_accum(x[i])) : dp);
    }
}
