// Attention for any sizes and layouts: y = dropout(softmax(scale q k^T + mask)) v, and its gradients. The element (batch, head, row, column)
// of q lies at batch * q_batch + head * q_head + row * q_row + column; k and v share strides, and so do y and dy, dq and q, dk, dv and k.
// Twin of Attention.Cpu.cs and AttentionRows.cs. Also holds what cross_attention adds: per-head weights, and the gradient of the map.
//   from     Vaswani et al. 2017, arXiv:1706.03762, eq. 1; weights made again in backward as in Dao et al. 2022, arXiv:2205.14135
#include "attention.cuh"

extern __shared__ __align__(16) unsigned char shared[];

// attention_forward: y, each row's maximum and 1/sum, and (where wanted) the weights that the map is the mean of.
//   operator attention, cross_attention, self_attention, multi_head_attention
//   shapes   q, y [b,h,s,d]; k, v [b,h,t,d]; key_mask [b,t]; stats [b,h,s,2]; weights [b,h,each], each = s*t rounded up to 8
//   launch   grid b*h*ceil(s/rows); block 256; shared A*(stride*(4*ceil(rows/4) + 32) + rows*32*ceil(t/32)), stride = d padded
//   reads    S*HEAD_DIM*(s*(gridDim.x/ceil(s/rows)) + 2*t*gridDim.x) + (key_mask ? t*gridDim.x*ceil(rows/4) : 0)
//   writes   (S*HEAD_DIM + 2*A + (weights ? A*t : 0))*s*(gridDim.x/ceil(s/rows))
//   bound    arithmetic (f32 and f64 have no tensor cores here); memory for few queries
//   why      the scores of `rows` queries stay in shared memory, so that softmax is exact and each block reads k and v once; blocks of one head
//            read the same k and v, from L2. With at most 32 queries there is one block a head, and everything is read once.
//            The weights of a head begin at a multiple of 32 bytes, so that cross_attention_mean reads whole sectors.
extern "C" __global__ void __launch_bounds__(256) attention_forward(
    const scalar* q, const scalar* k, const scalar* v, const unsigned char* key_mask,
    accum scale, int threshold, accum kept, long long seed, long long offset, int map_after_dropout,
    scalar* y, accum* stats, accum* weights,
    long long q_batch, long long q_head, long long q_row, long long kv_batch, long long kv_head, long long kv_row,
    long long y_batch, long long y_head, long long y_row, long long h, long long s, long long t, int rows)
{
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, padded_rows = (rows + WARP_ROWS - 1) / WARP_ROWS * WARP_ROWS;
    long long width = (t + TILE - 1) / TILE * TILE, blocks = (s + rows - 1) / rows;
    long long pair = blockIdx.x / blocks, batch = pair / h, head = pair % h, first = blockIdx.x % blocks * rows;
    accum* q_rows = reinterpret_cast<accum*>(shared);
    accum* tile = q_rows + padded_rows * STRIDE;
    accum* scores = tile + TILE * STRIDE;

    // The rows of this warp. Past the block's last row it computes with that row's scores and writes nothing; a warp without rows only loads.
    int row = warp * WARP_ROWS;
    accum* strip[WARP_ROWS];
#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++) strip[r] = scores + smaller(row + r, rows - 1) * width;

    // 1. scores
    load_rows(q_rows, q + batch * q_batch + head * q_head, q_row, first, padded_rows, s);
    accum most[WARP_ROWS];
#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++) most[r] = negative_infinity();
    for (long long key = 0; key < t; key += TILE)
    {
        __syncthreads();
        load_rows(tile, k + batch * kv_batch + head * kv_head, kv_row, key, TILE, t);
        __syncthreads();
        if (row >= rows) continue;
        accum dots[WARP_ROWS];
        dot_rows(dots, q_rows + row * STRIDE, tile + lane * STRIDE);
        bool attends = key + lane < t && (key_mask == nullptr || key_mask[batch * t + key + lane] != 0);
#pragma unroll
        for (int r = 0; r < WARP_ROWS; r++)
        {
            accum score = attends ? rounded_product(scale, dots[r]) : negative_infinity();
            most[r] = max_or_nan(score, most[r]);
            if (row + r < rows) strip[r][key + lane] = score;
        }
    }

    // 2. softmax, up to 1/sum: each lane goes over the scores that it wrote
    accum inverse[WARP_ROWS];
#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++)
    {
        if (row + r >= rows || first + row + r >= s) continue;
        long long at = pair * s + first + row + r, shown = pair * ((s * t + 7) / 8 * 8) + (first + row + r) * t;
        accum max = warp_max(most[r]), sum = 0;
        bool dead = max == negative_infinity();
        for (long long key = lane; key < width; key += 32)
        {
            accum e = dead ? accum(0) : exponential(strip[r][key] - max);
            strip[r][key] = e;
            sum += e;
        }

        sum = warp_sum(sum);
        inverse[r] = dead ? accum(0) : 1 / sum;
        if (lane < 2) stats[2 * at + lane] = lane == 1 ? inverse[r] : dead ? accum(0) : max;
        if (weights == nullptr && threshold == 0) continue;

        // 3. dropout
        for (long long key = lane; key < t; key += 32)
        {
            accum factor = dropout_factor(seed, offset + at * t + key, threshold, kept), e = strip[r][key];
            strip[r][key] = e * factor;
            if (weights != nullptr) weights[shown + key] = e * inverse[r] * (map_after_dropout ? factor : accum(1));
        }
    }

    // 4. weighted sum of the values
    accum sums[WARP_ROWS][COLUMNS];
    clear_sums(sums);
    for (long long key = 0; key < t; key += TILE)
    {
        __syncthreads();
        load_rows(tile, v + batch * kv_batch + head * kv_head, kv_row, key, TILE, t);
        __syncthreads();
        if (row >= rows) continue;
        const accum* const part[WARP_ROWS] = {strip[0] + key, strip[1] + key, strip[2] + key, strip[3] + key};
        add_weighted_rows(sums, part, tile);
    }

#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++)
    {
        if (row + r < rows && first + row + r < s)
        {
            write_row(y + batch * y_batch + head * y_head + (first + row + r) * y_row, sums[r], inverse[r]);
        }
    }
}

// The weights' gradient in one cell: g of AttentionRows.cs.
__device__ __forceinline__ accum weight_gradient(accum dp, accum map, accum factor, int map_after_dropout)
{
    return map_after_dropout ? (dp + map) * factor : dp * factor + map;
}

// attention_backward_q: dq and delta = sum of weight x gradient of each row; dk and dv too where one block has all queries of its head.
//   operator attention, cross_attention, self_attention, multi_head_attention
//   shapes   as attention_forward; dy as y, dq as q, dk, dv as k; dmap [b,s,t]; delta [b,h,s]; dy, dmap, dq, dk, dv, delta may be null
//   launch   grid b*h*ceil(s/rows); block 256; shared A*(stride*(8*ceil(rows/4) + 32) + rows*64*ceil(t/32) + 2*rows)
//   reads    (S*HEAD_DIM*(dy ? 2 : 1) + 2*A + (dmap ? S*t : 0))*s*(gridDim.x/ceil(s/rows)) + S*HEAD_DIM*t*(dy ? 3 : 2)*gridDim.x + (key_mask ? t*gridDim.x*ceil(rows/4) : 0)
//   writes   (dq ? S*HEAD_DIM : 0)*s*(gridDim.x/ceil(s/rows)) + (delta ? A : 0)*s*(gridDim.x/ceil(s/rows)) + ((dk ? 1 : 0) + (dv ? 1 : 0))*S*HEAD_DIM*t*gridDim.x
//   bound    arithmetic; memory for few queries
//   why      delta needs the whole row before any score's gradient is known, so k is read a second time (the first reading is in L2): delta =
//            rowsum(dy y) alone would be wrong with a gradient of the map, and in bf16 rounded. A warp owns its rows: no atomics.
extern "C" __global__ void __launch_bounds__(256) attention_backward_q(
    const scalar* q, const scalar* k, const scalar* v, const unsigned char* key_mask,
    accum scale, int threshold, accum kept, long long seed, long long offset, int map_after_dropout,
    const accum* stats, const scalar* dy, const scalar* dmap, scalar* dq, scalar* dk, scalar* dv, accum* delta,
    long long q_batch, long long q_head, long long q_row, long long kv_batch, long long kv_head, long long kv_row,
    long long y_batch, long long y_head, long long y_row, long long h, long long s, long long t, int rows)
{
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, padded_rows = (rows + WARP_ROWS - 1) / WARP_ROWS * WARP_ROWS;
    long long width = (t + TILE - 1) / TILE * TILE, blocks = (s + rows - 1) / rows;
    long long pair = blockIdx.x / blocks, batch = pair / h, head = pair % h, first = blockIdx.x % blocks * rows;
    int present = (int)(s - first < rows ? s - first : rows);
    accum* q_rows = reinterpret_cast<accum*>(shared);
    accum* dy_rows = q_rows + padded_rows * STRIDE;
    accum* tile = dy_rows + padded_rows * STRIDE;
    accum* weights = tile + TILE * STRIDE;
    accum* gradients = weights + rows * width;
    accum* row_stats = gradients + rows * width;
    const scalar* k_head = k + batch * kv_batch + head * kv_head;
    const scalar* v_head = v + batch * kv_batch + head * kv_head;
    accum inverse_heads = accum(1) / accum(h);
    int row = warp * WARP_ROWS;
    long long at = pair * s + first;

    // 1. scores again, and the gradient of the weights
    load_rows(q_rows, q + batch * q_batch + head * q_head, q_row, first, padded_rows, s);
    if (dy != nullptr) load_rows(dy_rows, dy + batch * y_batch + head * y_head, y_row, first, padded_rows, s);
    for (int i = threadIdx.x; i < 2 * present; i += blockDim.x) row_stats[i] = stats[2 * at + i];
    for (long long key = 0; key < t; key += TILE)
    {
        accum dots[WARP_ROWS] = {}, dp[WARP_ROWS] = {};
        __syncthreads();
        load_rows(tile, k_head, kv_row, key, TILE, t);
        __syncthreads();
        if (row < rows) dot_rows(dots, q_rows + row * STRIDE, tile + lane * STRIDE);
        if (dy != nullptr)
        {
            __syncthreads();
            load_rows(tile, v_head, kv_row, key, TILE, t);
            __syncthreads();
            if (row < rows) dot_rows(dp, dy_rows + row * STRIDE, tile + lane * STRIDE);
        }

        if (row >= rows) continue;
        bool attends = key + lane < t && (key_mask == nullptr || key_mask[batch * t + key + lane] != 0);
#pragma unroll
        for (int r = 0; r < WARP_ROWS; r++)
        {
            if (row + r >= present) continue;
            long long cell = (row + r) * width + key + lane, index = (at + row + r) * t + key + lane;
            accum map = dmap != nullptr && key + lane < t
                ? inverse_heads * to_accum(dmap[(batch * s + first + row + r) * t + key + lane])
                : accum(0);
            accum max = row_stats[2 * (row + r)], inverse = row_stats[2 * (row + r) + 1];
            accum factor = dropout_factor(seed, offset + index, threshold, kept);
            weights[cell] = attends ? exponential(rounded_product(scale, dots[r]) - max) * inverse : accum(0);
            gradients[cell] = weight_gradient(dp[r], map, factor, map_after_dropout);
        }
    }

    // 2. the gradient of the scores; the weights as they met the values
#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++)
    {
        if (row + r >= present) continue;
        accum sum = 0;
        for (long long key = lane; key < width; key += 32) sum += weights[(row + r) * width + key] * gradients[(row + r) * width + key];
        sum = warp_sum(sum);
        if (delta != nullptr && lane == 0) delta[at + row + r] = sum;
        for (long long key = lane; key < width; key += 32)
        {
            long long cell = (row + r) * width + key;
            accum weight = weights[cell];
            gradients[cell] = scale * weight * (gradients[cell] - sum);
            weights[cell] = weight * dropout_factor(seed, offset + (at + row + r) * t + key, threshold, kept);
        }
    }

    // 3. dq; dv and dk where this block has all queries
    if (dq == nullptr && dk == nullptr && dv == nullptr) return;
    accum sums[WARP_ROWS][COLUMNS];
    clear_sums(sums);
    for (long long key = 0; key < t; key += TILE)
    {
        __syncthreads();
        if (dq != nullptr)
        {
            load_rows(tile, k_head, kv_row, key, TILE, t);
            __syncthreads();
            const accum* part[WARP_ROWS];
#pragma unroll
            for (int r = 0; r < WARP_ROWS; r++) part[r] = gradients + smaller(row + r, present - 1) * width + key;
            if (row < rows) add_weighted_rows(sums, part, tile);
        }

        for (int group = warp * WARP_ROWS; group < TILE; group += blockDim.x / 8)
        {
            long long key_at = batch * kv_batch + head * kv_head + (key + group) * kv_row;
            int keys = (int)(t - key - group < WARP_ROWS ? t - key - group : WARP_ROWS);
            accum to_keys[WARP_ROWS][COLUMNS];
            if (dv != nullptr)
            {
                clear_sums(to_keys);
                if (dy != nullptr) add_to_keys(to_keys, weights + key + group, width, dy_rows, present);
#pragma unroll
                for (int i = 0; i < WARP_ROWS; i++) if (i < keys) write_row(dv + key_at + i * kv_row, to_keys[i], 1);
            }

            if (dk != nullptr)
            {
                clear_sums(to_keys);
                add_to_keys(to_keys, gradients + key + group, width, q_rows, present);
#pragma unroll
                for (int i = 0; i < WARP_ROWS; i++) if (i < keys) write_row(dk + key_at + i * kv_row, to_keys[i], 1);
            }
        }
    }

    if (dq == nullptr) return;
#pragma unroll
    for (int r = 0; r < WARP_ROWS; r++)
    {
        if (row + r < present) write_row(dq + batch * q_batch + head * q_head + (first + row + r) * q_row, sums[r], 1);
    }
}

// attention_backward_kv: dk and dv of 32 keys, over all queries; for heads with more queries than one block of attention_backward_q holds.
//   operator attention, cross_attention, self_attention, multi_head_attention
//   shapes   as attention_backward_q, whose delta it reads
//   launch   grid b*h*ceil(t/32); block 256; shared A*(128*stride + 2*1024 + 96)
//   reads    S*HEAD_DIM*2*t*(gridDim.x/ceil(t/32)) + (S*HEAD_DIM*(dy ? 2 : 1) + 3*A)*s*gridDim.x + (dmap ? S*t*s*(gridDim.x/ceil(t/32)) : 0) + (key_mask ? t*(gridDim.x/ceil(t/32))*8*ceil(s/32) : 0)
//   writes   ((dk ? 1 : 0) + (dv ? 1 : 0))*S*HEAD_DIM*t*(gridDim.x/ceil(t/32))
//   bound    arithmetic
//   why      a block owns its keys and adds its queries in their order: deterministic without atomics, for one more product than a block that
//            owned a whole head would need; that one holds any number of keys only in bf16 (attention_mma.cu). q and dy come from L2 again.
extern "C" __global__ void __launch_bounds__(256) attention_backward_kv(
    const scalar* q, const scalar* k, const scalar* v, const unsigned char* key_mask,
    accum scale, int threshold, accum kept, long long seed, long long offset, int map_after_dropout,
    const accum* stats, const scalar* dy, const scalar* dmap, const accum* delta, scalar* dk, scalar* dv,
    long long q_batch, long long q_head, long long q_row, long long kv_batch, long long kv_head, long long kv_row,
    long long y_batch, long long y_head, long long y_row, long long h, long long s, long long t)
{
    constexpr int ROWS = 32;
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, row = warp * WARP_ROWS;
    long long blocks = (t + TILE - 1) / TILE, pair = blockIdx.x / blocks, batch = pair / h, head = pair % h;
    long long key = blockIdx.x % blocks * TILE, kv_at = batch * kv_batch + head * kv_head;
    accum* k_tile = reinterpret_cast<accum*>(shared);
    accum* v_tile = k_tile + TILE * STRIDE;
    accum* q_rows = v_tile + TILE * STRIDE;
    accum* dy_rows = q_rows + ROWS * STRIDE;
    accum* weights = dy_rows + ROWS * STRIDE;
    accum* gradients = weights + ROWS * TILE;
    accum* row_stats = gradients + ROWS * TILE;
    accum* row_delta = row_stats + 2 * ROWS;
    accum inverse_heads = accum(1) / accum(h);
    bool attends = key + lane < t && (key_mask == nullptr || key_mask[batch * t + key + lane] != 0);
    accum key_sums[WARP_ROWS][COLUMNS], value_sums[WARP_ROWS][COLUMNS];
    clear_sums(key_sums);
    clear_sums(value_sums);
    load_rows(k_tile, k + kv_at, kv_row, key, TILE, t);
    load_rows(v_tile, v + kv_at, kv_row, key, TILE, t);
    for (long long first = 0; first < s; first += ROWS)
    {
        // 1. scores again, and the gradient of the weights
        long long at = pair * s + first;
        int present = (int)(s - first < ROWS ? s - first : ROWS);
        __syncthreads();
        load_rows(q_rows, q + batch * q_batch + head * q_head, q_row, first, ROWS, s);
        if (dy != nullptr) load_rows(dy_rows, dy + batch * y_batch + head * y_head, y_row, first, ROWS, s);
        if ((int)threadIdx.x < 2 * present) row_stats[threadIdx.x] = stats[2 * at + threadIdx.x];
        if ((int)threadIdx.x < present) row_delta[threadIdx.x] = delta[at + threadIdx.x];
        __syncthreads();
        accum dots[WARP_ROWS], dp[WARP_ROWS] = {};
        dot_rows(dots, q_rows + row * STRIDE, k_tile + lane * STRIDE);
        if (dy != nullptr) dot_rows(dp, dy_rows + row * STRIDE, v_tile + lane * STRIDE);
#pragma unroll
        for (int r = 0; r < WARP_ROWS; r++)
        {
            // 2. the gradient of the scores; the weights as they met the values
            if (row + r >= present) continue;
            int cell = (row + r) * TILE + lane;
            accum map = dmap != nullptr && key + lane < t
                ? inverse_heads * to_accum(dmap[(batch * s + first + row + r) * t + key + lane])
                : accum(0);
            accum factor = dropout_factor(seed, offset + (at + row + r) * t + key + lane, threshold, kept);
            accum weight = attends ? exponential(rounded_product(scale, dots[r]) - row_stats[2 * (row + r)]) * row_stats[2 * (row + r) + 1] : accum(0);
            weights[cell] = weight * factor;
            gradients[cell] = scale * weight * (weight_gradient(dp[r], map, factor, map_after_dropout) - row_delta[row + r]);
        }

        // 3. dv, dk: this warp's 4 keys
        __syncthreads();
        if (dy != nullptr) add_to_keys(value_sums, weights + row, TILE, dy_rows, present);
        add_to_keys(key_sums, gradients + row, TILE, q_rows, present);
    }

#pragma unroll
    for (int i = 0; i < WARP_ROWS; i++)
    {
        if (key + row + i >= t) continue;
        long long key_at = kv_at + (key + row + i) * kv_row;
        if (dv != nullptr) write_row(dv + key_at, value_sums[i], 1);
        if (dk != nullptr) write_row(dk + key_at, key_sums[i], 1);
    }
}
