#include "copies.cuh"

// embedding_forward: y[i] = weight[ids[i]]. Twin of Embedding.Cpu.cs. The host has checked every id.
//   operator embedding
//   shapes   ids i64 [n], each from 0 to v - 1; weight [v, units]; y [n, units]; rows in units of UNIT bytes (macro: 16, 8, 4 or 2), row_bytes in all
//   launch   grid ceil(n/8); block 32x8; shared 0
//   reads    n*row_bytes + 256*n
//   writes   n*row_bytes
//   bound    memory
//   why      a warp a row; all its lanes read the id, one sector (256 bytes as counted)
extern "C" __global__ void __launch_bounds__(256) embedding_forward(
    const long long* ids, const unit* weight, unit* y, long long n, long long row_bytes)
{
    long long i = blockIdx.x * 8LL + threadIdx.y, units = row_bytes / UNIT;
    if (i >= n) return;
    const unit* from = weight + ids[i] * units;
    unit* to = y + i * units;
#pragma unroll 4
    for (long long c = threadIdx.x; c < units; c += 32) store_unit(to + c, load_unit(from + c));
}

constexpr int EMBEDDING_ROWS = 16;      // of dweight, for each block of backward

// embedding_backward: dweight[v] = sum of dy over the places where v stood, in their order. Twin of Embedding.Cpu.cs.
//   operator embedding
//   shapes   ids i64 [n]; dy [n, d]; dweight [v, d]
//   launch   grid ceil(v/16); block 32x8; shared 0
//   reads    8*n*ceil(v/16) + S*n*d + 8*n*min(n,v)*ceil(d*S/4096)
//   writes   S*v*d
//   bound    memory
//   why      each block owns 16 rows of the table: it looks which of them occur, clears the others, and walks through the ids once more for each
//            that does, so every row is written once and summed in the order of the ids, without atomics on floats. The table's gradient is far
//            larger than the ids, which stay in L1 and L2 (the last term is its upper bound: no id twice)
extern "C" __global__ void __launch_bounds__(256) embedding_backward(
    const long long* ids, const scalar* dy, scalar* dweight, long long n, long long v, long long d)
{
    __shared__ unsigned occurring, hits[8];
    int lane = threadIdx.x, warp = threadIdx.y, thread = warp * 32 + lane;
    long long first = blockIdx.x * (long long)EMBEDDING_ROWS;

    // 1. which of the block's rows occur
    if (thread == 0) occurring = 0;
    __syncthreads();
    unsigned mine = 0;
    for (long long i = thread; i < n; i += 256)
    {
        long long row = ids[i] - first;
        if (row >= 0 && row < EMBEDDING_ROWS) mine |= 1u << row;
    }

    if (mine) atomicOr(&occurring, mine);
    __syncthreads();
    unsigned found = occurring;

    // 2. each row: zeros, or the sum over its places
    bool packs = d % PACK == 0 && on_16_bytes(dy) && on_16_bytes(dweight);
    int width = packs ? PACK : 1;
    for (int r = 0; r < EMBEDDING_ROWS && first + r < v; r++)
    {
        scalar* to = dweight + (first + r) * d;
        for (long long group = 0; group < d; group += 256 * width)
        {
            long long column = group + thread * width;
            pack sum;
#pragma unroll
            for (int k = 0; k < PACK; k++) sum.at[k] = 0;
            for (long long base = 0; base < n && found >> r & 1u; base += 256)
            {
                unsigned ballot = __ballot_sync(FULL_WARP, base + thread < n && ids[base + thread] == first + r);
                __syncthreads();
                if (lane == 0) hits[warp] = ballot;
                __syncthreads();
                for (int w = 0; w < 8; w++)
                {
                    for (unsigned left = hits[w]; left != 0; left &= left - 1)
                    {
                        const scalar* from = dy + (base + w * 32 + __ffs((int)left) - 1) * d;
                        if (column >= d) break;
                        if (packs)
                        {
                            pack row = load_pack(from + column);
#pragma unroll
                            for (int k = 0; k < PACK; k++) sum.at[k] += row.at[k];
                        }
                        else
                        {
                            sum.at[0] += to_accum(from[column]);
                        }
                    }
                }
            }

            if (column >= d) continue;
            if (packs)
                store_pack(to + column, sum);
            else
                to[column] = to_scalar(sum.at[0]);
        }
    }
}
