// Binary cross-entropy on logits, forward and backward. Twin of BceWithLogits.Cpu.cs.
#include "common.cuh"

constexpr int TILE = 256 * PACK;        // elements of one block

__device__ __forceinline__ accum bce_loss(accum x, accum y)
{
    // x * (1 - y) above 0 and -x * y below it, so that a target of 0 or 1 cancels nothing.
    accum linear = x > 0 ? x * (accum(1) - y) : -x * y;
    return linear + log1p(exp(-fabs(x)));
}

// bce_with_logits_forward: losses = max(x, 0) - x * y + log(1 + exp(-|x|)); each, or each block's sum. Twin of BceWithLogits.Cpu.cs.
//   operator bce_with_logits
//   shapes   logits, target, losses [count], losses null: not wanted; parts [ceil(count/(4096/S))], null: not wanted; any count >= 0
//   launch   grid ceil(count/(4096/S)); block 256; shared 0
//   reads    2*S*count
//   writes   (losses ? S*count : 0) + (parts ? A*gridDim.x : 0)
//   bound    memory
//   why      16 bytes a thread; one sum a block, which loss_sum adds in order
extern "C" __global__ void __launch_bounds__(256) bce_with_logits_forward(
    const scalar* logits, const scalar* target, scalar* losses, accum* parts, long long count)
{
    __shared__ accum scratch[32];
    long long first = blockIdx.x * (long long)TILE + threadIdx.x * PACK;
    accum sum = 0;
    if (first + PACK <= count)
    {
        pack x = load_pack(logits + first), y = load_pack(target + first);
#pragma unroll
        for (int i = 0; i < PACK; i++) sum += x.at[i] = bce_loss(x.at[i], y.at[i]);
        if (losses) store_pack(losses + first, x);
    }
    else
    {
        for (long long i = first; i < count; i++)
        {
            accum loss = bce_loss(to_accum(logits[i]), to_accum(target[i]));
            if (losses) losses[i] = to_scalar(loss);
            sum += loss;
        }
    }
    if (parts == nullptr) return;
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

// sigma(x) - y = (1 - y) * sigma(x) - y * sigma(-x)
__device__ __forceinline__ accum bce_slope(accum x, accum y)
{
    accum e = exp(-fabs(x)), large = accum(1) / (accum(1) + e), small = e * large;
    return x > 0 ? (accum(1) - y) * large - y * small : (accum(1) - y) * small - y * large;
}

// bce_with_logits_backward: dlogits = dy * scale * (sigma(x) - y). Twin of BceWithLogits.Cpu.cs.
//   operator bce_with_logits
//   shapes   logits, target, dlogits [count]; dy [count] if dy_per_element, else one number; any count >= 0
//   launch   grid ceil(count/(4096/S)); block 256; shared 0
//   reads    2*S*count + (dy_per_element ? S*count : S*256*gridDim.x)
//   writes   S*count
//   bound    memory
//   why      16 bytes a thread, one pass
extern "C" __global__ void __launch_bounds__(256) bce_with_logits_backward(
    const scalar* logits, const scalar* target, const scalar* dy, int dy_per_element, accum scale, scalar* dlogits, long long count)
{
    long long first = blockIdx.x * (long long)TILE + threadIdx.x * PACK;
    accum all = dy_per_element ? accum(0) : to_accum(dy[0]);
    if (first + PACK <= count)
    {
        pack x = load_pack(logits + first), y = load_pack(target + first), g;
        if (dy_per_element) g = load_pack(dy + first);
#pragma unroll
        for (int i = 0; i < PACK; i++) x.at[i] = (dy_per_element ? g.at[i] : all) * scale * bce_slope(x.at[i], y.at[i]);
        store_pack(dlogits + first, x);
        return;
    }
    for (long long i = first; i < count; i++)
    {
        accum g = dy_per_element ? to_accum(dy[i]) : all;
        dlogits[i] = to_scalar(g * scale * bce_slope(to_accum(logits[i]), to_accum(target[i])));
    }
}
