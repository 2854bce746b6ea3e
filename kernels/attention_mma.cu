// Attention in bf16 with tensor cores, for heads whose keys and values fit into shared memory: at most 256 keys, d = 16, 32 or 64. Layouts as in
// attention.cu, whose kernels serve all other cases. Compiled for one HEAD_DIM (d) and for KEYS, the number of keys rounded up to 16.
//   from     Vaswani et al. 2017, arXiv:1706.03762, eq. 1; Dao 2023, arXiv:2307.08691, for what backward makes again
#include "attention_mma.cuh"

#if defined(DTYPE_BF16)

// attention_mma_forward: y, and each row's maximum and 1/sum.
//   operator attention, self_attention, multi_head_attention
//   shapes   q, y [b,h,s,d]; k, v [b,h,t,d]; key_mask [b,t]; stats [b,h,s,2]; strides as in attention.cu
//   launch   grid b*h; block 128; shared 2*(2*KEYS + 64)*pitch + KEYS, pitch = d padded (72 for 64)
//   reads    (S*HEAD_DIM*(s + 2*t) + (key_mask ? t : 0))*gridDim.x
//   writes   (S*HEAD_DIM + 2*A)*s*gridDim.x
//   bound    memory
//   why      a whole head's keys and values lie in shared memory (70 KB for 197 tokens: three blocks a multiprocessor), a strip of 16 queries'
//            scores in registers, so softmax is exact and nothing is scaled again; 16-row strips waste 10 % of the products at 197 tokens, tiles
//            of 64 would waste 41 %. Values arrive while scores are made. Queries and results pass through shared memory to move 16 bytes at a time.
extern "C" __global__ void __launch_bounds__(128, KEYS <= 208 ? 3 : 2) attention_mma_forward(
    const scalar* q, const scalar* k, const scalar* v, const unsigned char* key_mask,
    float scale, int threshold, float kept, long long seed, long long offset, scalar* y, float* stats,
    long long q_batch, long long q_head, long long q_row, long long kv_batch, long long kv_head, long long kv_row,
    long long y_batch, long long y_head, long long y_row, long long h, long long s, long long t)
{
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, row = lane >> 2, pair = lane & 3;
    long long index = blockIdx.x, batch = index / h, head = index % h;
    scalar* k_rows = reinterpret_cast<scalar*>(shared);
    scalar* v_rows = k_rows + KEYS * PITCH;
    scalar* strip = v_rows + KEYS * PITCH + warp * 16 * PITCH;
    unsigned char* attends = reinterpret_cast<unsigned char*>(v_rows + (KEYS + 64) * PITCH);
    const scalar* q_head_rows = q + batch * q_batch + head * q_head;
    scalar* y_head_rows = y + batch * y_batch + head * y_head;

    fetch_rows(k_rows, k + batch * kv_batch + head * kv_head, kv_row, 0, KEYS, t, threadIdx.x, 128);
    fetch_rows(strip, q_head_rows, q_row, 16 * warp, 16, s, lane, 32);
    cp_async_commit();
    fetch_rows(v_rows, v + batch * kv_batch + head * kv_head, kv_row, 0, KEYS, t, threadIdx.x, 128);
    cp_async_commit();
    for (int key = threadIdx.x; key < KEYS; key += 128)
    {
        attends[key] = key < t && (key_mask == nullptr || key_mask[batch * t + key] != 0);
    }

    cp_async_wait<1>();
    __syncthreads();
    for (long long first = 16 * warp; first < s || first < 64; first += 64)
    {
        if (first >= 64)
        {
            fetch_rows(strip, q_head_rows, q_row, first, 16, s, lane, 32);
            cp_async_commit();
            cp_async_wait<0>();
            __syncwarp();
        }

        // 1. scores
        unsigned queries[STEPS][4];
        float scores[KEYS / 8][4];
        load_fragments(queries, strip);
#pragma unroll
        for (int n = 0; n < KEYS / 8; n += 2)
        {
#pragma unroll
            for (int e = 0; e < 4; e++) scores[n][e] = scores[n + 1][e] = 0;
            multiply_by_rows(scores[n], scores[n + 1], queries, k_rows + 8 * n * PITCH);
        }

        // 2. softmax, up to 1/sum, of rows `row` and `row + 8`; the four lanes of a row share it
        float most[2] = {__uint_as_float(0xff800000u), __uint_as_float(0xff800000u)}, sum[2] = {0, 0}, inverse[2];
#pragma unroll
        for (int n = 0; n < KEYS / 8; n++)
        {
            unsigned both = *reinterpret_cast<const unsigned short*>(attends + 8 * n + 2 * pair);
#pragma unroll
            for (int e = 0; e < 4; e++)
            {
                scores[n][e] = (e & 1 ? both >> 8 : both & 0xff) != 0 ? scale * scores[n][e] : __uint_as_float(0xff800000u);
                most[e >> 1] = max_or_nan(scores[n][e], most[e >> 1]);
            }
        }

#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            most[half] = max_or_nan(most[half], __shfl_xor_sync(FULL_WARP, most[half], 1));
            most[half] = max_or_nan(most[half], __shfl_xor_sync(FULL_WARP, most[half], 2));
            if (most[half] == __uint_as_float(0xff800000u)) most[half] = 0;
        }

#pragma unroll
        for (int n = 0; n < KEYS / 8; n++)
        {
#pragma unroll
            for (int e = 0; e < 4; e++)
            {
                scores[n][e] = exp2f((scores[n][e] - most[e >> 1]) * LOG2E);
                sum[e >> 1] += scores[n][e];
            }
        }

#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            sum[half] += __shfl_xor_sync(FULL_WARP, sum[half], 1);
            sum[half] += __shfl_xor_sync(FULL_WARP, sum[half], 2);
            inverse[half] = sum[half] == 0 ? 0 : 1 / sum[half];
        }

        long long at = index * s + first;
        long long stats_row = row + 8 * (pair >> 1);
        float maximum = pair >> 1 ? most[1] : most[0], reciprocal = pair >> 1 ? inverse[1] : inverse[0];
        if (first + stats_row < s) stats[2 * (at + stats_row) + (pair & 1)] = pair & 1 ? reciprocal : maximum;

        // 3. dropout
        if (threshold != 0)
        {
#pragma unroll
            for (int n = 0; n < KEYS / 8; n++)
            {
#pragma unroll
                for (int e = 0; e < 4; e++)
                {
                    long long word = offset + (at + row + 8 * (e >> 1)) * t + 8 * n + 2 * pair + (e & 1);
                    scores[n][e] *= dropout_factor(seed, word, threshold, kept);
                }
            }
        }

        // 4. weighted sum of the values
        if (first < 64)
        {
            cp_async_wait<0>();
            __syncthreads();
        }

        float sums[PACKS][4];
#pragma unroll
        for (int n = 0; n < PACKS; n++)
        {
#pragma unroll
            for (int e = 0; e < 4; e++) sums[n][e] = 0;
        }

#pragma unroll
        for (int n = 0; n < KEYS / 8; n += 2)
        {
            unsigned weights[4] = {
                pack_bf16(scores[n][0], scores[n][1]), pack_bf16(scores[n][2], scores[n][3]),
                pack_bf16(scores[n + 1][0], scores[n + 1][1]), pack_bf16(scores[n + 1][2], scores[n + 1][3])};
            add_rows(sums, weights, v_rows + 8 * n * PITCH);
        }

        __syncwarp();
        stage_rows(strip, sums, inverse[0], inverse[1]);
        __syncwarp();
        store_rows(y_head_rows, strip, y_row, first, 16, s, lane, 32);
        __syncwarp();
    }
}

// attention_mma_backward: dq, dk and dv of one head.
//   operator attention, self_attention, multi_head_attention
//   shapes   as attention_mma_forward, y its result; dy as y, dq as q, dk and dv as k; dq, dk, dv may be null
//   launch   grid b*h; block 2*KEYS; shared 4*(KEYS + 16*ceil(s/16))*pitch + 96*KEYS + 192*ceil(s/16), pitch = d padded (72 for 64)
//   reads    (S*HEAD_DIM*(3*s + 2*t) + 2*A*s + (key_mask ? t : 0))*gridDim.x
//   writes   S*HEAD_DIM*((dq ? s : 0) + (dk ? t : 0) + (dv ? t : 0))*gridDim.x
//   bound    memory
//   why      one block owns a head: each warp keeps 16 keys with their dk and dv in registers and goes over all queries, whose dq is one product
//            over all keys: no atomics, no partial sums in memory. delta = rowsum(dy y), which is right because no map is returned here.
//            142 KB of shared memory for 197 tokens; results leave through the rows that their operands came in.
extern "C" __global__ void __launch_bounds__(2 * KEYS, 1) attention_mma_backward(
    const scalar* q, const scalar* k, const scalar* v, const unsigned char* key_mask,
    float scale, int threshold, float kept, long long seed, long long offset,
    const float* stats, const scalar* y, const scalar* dy, scalar* dq, scalar* dk, scalar* dv,
    long long q_batch, long long q_head, long long q_row, long long kv_batch, long long kv_head, long long kv_row,
    long long y_batch, long long y_head, long long y_row, long long h, long long s, long long t)
{
    constexpr int WARPS = KEYS / 16, THREADS = 2 * KEYS;
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, row = lane >> 2, pair = lane & 3;
    int strips = (int)((s + 15) / 16), padded = 16 * strips;
    long long index = blockIdx.x, batch = index / h, head = index % h;
    long long q_at = batch * q_batch + head * q_head, kv_at = batch * kv_batch + head * kv_head, y_at = batch * y_batch + head * y_head;
    scalar* k_rows = reinterpret_cast<scalar*>(shared);
    scalar* v_rows = k_rows + KEYS * PITCH;
    scalar* q_rows = v_rows + KEYS * PITCH;
    scalar* dy_rows = q_rows + padded * PITCH;
    scalar* ds = dy_rows + padded * PITCH;
    float* row_stats = reinterpret_cast<float*>(ds + 2 * KEYS * DS_PITCH);
    float* row_delta = row_stats + 2 * padded;

    fetch_rows(dy_rows, dy + y_at, y_row, 0, padded, s, threadIdx.x, THREADS);
    cp_async_commit();
    fetch_rows(k_rows, k + kv_at, kv_row, 0, KEYS, t, threadIdx.x, THREADS);
    fetch_rows(v_rows, v + kv_at, kv_row, 0, KEYS, t, threadIdx.x, THREADS);
    fetch_rows(q_rows, q + q_at, q_row, 0, padded, s, threadIdx.x, THREADS);
    cp_async_commit();
    for (int i = threadIdx.x; i < 2 * padded; i += THREADS) row_stats[i] = i < 2 * s ? stats[2 * index * s + i] : 0.0f;

    // delta, PACKS lanes a row
    cp_async_wait<1>();
    __syncthreads();
    for (int i = threadIdx.x; i < padded * PACKS; i += THREADS)
    {
        int at = i / PACKS, column = i % PACKS * 8;
        float sum = 0;
        if (at < s)
        {
            pack a = load_pack(y + y_at + at * y_row + column), b = load_pack(dy_rows + at * PITCH + column);
#pragma unroll
            for (int e = 0; e < 8; e++) sum += a.at[e] * b.at[e];
        }

#pragma unroll
        for (int step = PACKS / 2; step > 0; step >>= 1) sum += __shfl_xor_sync(FULL_WARP, sum, step);
        if (column == 0) row_delta[at] = sum;
    }

    cp_async_wait<0>();
    __syncthreads();
    unsigned keys[STEPS][4], values[STEPS][4];
    load_fragments(keys, k_rows + 16 * warp * PITCH);
    load_fragments(values, v_rows + 16 * warp * PITCH);
    bool attends[2];
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        int key = 16 * warp + row + 8 * half;
        attends[half] = key < t && (key_mask == nullptr || key_mask[batch * t + key] != 0);
    }

    float key_sums[PACKS][4], value_sums[PACKS][4];
#pragma unroll
    for (int n = 0; n < PACKS; n++)
    {
#pragma unroll
        for (int e = 0; e < 4; e++) key_sums[n][e] = value_sums[n][e] = 0;
    }

    for (int strip = 0; strip < strips; strip++)
    {
        // 1. scores again, and the gradient of the weights: 16 keys by 16 queries
        int first = 16 * strip;
        float scores[2][4] = {}, dp[2][4] = {};
        multiply_by_rows(scores[0], scores[1], keys, q_rows + first * PITCH);
        multiply_by_rows(dp[0], dp[1], values, dy_rows + first * PITCH);

        // 2. the gradient of the scores; the weights as they met the values
#pragma unroll
        for (int n = 0; n < 2; n++)
        {
            bytes16 raw = load16(row_stats + 2 * (first + 8 * n + 2 * pair));     // of two rows
            float of_rows[4] = {__uint_as_float(raw.x), __uint_as_float(raw.y), __uint_as_float(raw.z), __uint_as_float(raw.w)};
#pragma unroll
            for (int e = 0; e < 4; e++)
            {
                int query = first + 8 * n + 2 * pair + (e & 1);
                float most = of_rows[2 * (e & 1)], inverse = of_rows[2 * (e & 1) + 1];
                float weight = attends[e >> 1] ? exp2f((scale * scores[n][e] - most) * LOG2E) * inverse : 0.0f;
                float factor = 1;
                if (threshold != 0)
                {
                    long long word = offset + (index * s + query) * t + 16 * warp + row + 8 * (e >> 1);
                    factor = dropout_factor(seed, word, threshold, kept);
                }

                scores[n][e] = weight * factor;
                dp[n][e] = scale * weight * (dp[n][e] * factor - row_delta[query]);
            }
        }

        // 3. dv, dk; dq's operand for the other warps
        unsigned weights[4] = {
            pack_bf16(scores[0][0], scores[0][1]), pack_bf16(scores[0][2], scores[0][3]),
            pack_bf16(scores[1][0], scores[1][1]), pack_bf16(scores[1][2], scores[1][3])};
        unsigned gradients[4] = {
            pack_bf16(dp[0][0], dp[0][1]), pack_bf16(dp[0][2], dp[0][3]), pack_bf16(dp[1][0], dp[1][1]), pack_bf16(dp[1][2], dp[1][3])};
        add_rows(value_sums, weights, dy_rows + first * PITCH);
        add_rows(key_sums, gradients, q_rows + first * PITCH);
        scalar* ds_rows = ds + (strip & 1) * KEYS * DS_PITCH;
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int key = 16 * warp + row + 8 * (i & 1);
            *reinterpret_cast<unsigned*>(ds_rows + key * DS_PITCH + 8 * (i >> 1) + 2 * pair) = gradients[i];
        }

        // 4. dq: 8 columns a warp, into the rows of the queries, which nobody needs again. The next strip writes the other half of ds.
        __syncthreads();
        for (int tile = (warp + strip) % WARPS; tile < PACKS; tile += WARPS)
        {
            float sums[4] = {};
            unsigned a[4], b[4], last[2];
#pragma unroll 2
            for (int key = 0; key < KEYS / 32 * 32; key += 32)
            {
                ldmatrix_x4_trans(b, k_rows + (key + lane) * PITCH + 8 * tile);
                ldmatrix_x4_trans(a, by_columns(ds_rows + key * DS_PITCH, DS_PITCH, 0));
                mma_16816(sums, a, b[0], b[1]);
                ldmatrix_x4_trans(a, by_columns(ds_rows + (key + 16) * DS_PITCH, DS_PITCH, 0));
                mma_16816(sums, a, b[2], b[3]);
            }

            if (KEYS % 32 != 0)
            {
                ldmatrix_x2_trans(last, k_rows + (KEYS - 16 + (lane & 15)) * PITCH + 8 * tile);
                ldmatrix_x4_trans(a, by_columns(ds_rows + (KEYS - 16) * DS_PITCH, DS_PITCH, 0));
                mma_16816(sums, a, last[0], last[1]);
            }

            scalar* to = q_rows + (first + row) * PITCH + 8 * tile + 2 * pair;
            *reinterpret_cast<unsigned*>(to) = pack_bf16(sums[0], sums[1]);
            *reinterpret_cast<unsigned*>(to + 8 * PITCH) = pack_bf16(sums[2], sums[3]);
        }
    }

    __syncthreads();
    if (dq != nullptr) store_rows(dq + q_at, q_rows, q_row, 0, padded, s, threadIdx.x, THREADS);
    scalar* k_strip = k_rows + 16 * warp * PITCH;
    scalar* v_strip = v_rows + 16 * warp * PITCH;
    stage_rows(k_strip, key_sums, 1, 1);
    stage_rows(v_strip, value_sums, 1, 1);
    __syncwarp();
    if (dk != nullptr) store_rows(dk + kv_at, k_strip, kv_row, 16 * warp, 16, t, lane, 32);
    if (dv != nullptr) store_rows(dv + kv_at, v_strip, kv_row, 16 * warp, 16, t, lane, 32);
}

#endif
