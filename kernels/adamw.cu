// AdamW: one pass over parameters, gradients and both moments. Twin of AdamW.Cpu.cs.
#include "common.cuh"

constexpr int TILE = 16384;                         // elements of one block of adamw_step; adamw_arena's table has its own, at most these

// The constants of one step of one parameter, as AdamWStep gives them.
struct adamw_move
{
    accum scale, gain1, beta2, gain2, keep, rate, inverse_root, eps;

    // Changes p, m and v of one element.
    __device__ __forceinline__ void apply(accum& p, accum g, accum& m, accum& v) const
    {
        g *= scale;
        m += gain1 * (g - m);
        v = beta2 * v + gain2 * (g * g);
        p = keep * p - rate * m / (sqrt(v) * inverse_root + eps);
    }
};

// The parameters once more as bf16, in the pass that has them in registers: 8 bytes for 4 of them.
__device__ __forceinline__ void store_copy(bf16* address, const pack& p)
{
    if (PACK == 4)
    {
        unsigned long long bits = 0;
#pragma unroll
        for (int j = 0; j < PACK; j++) bits |= (unsigned long long)bf16_bits((float)p.at[j]) << (16 * j);
        *reinterpret_cast<unsigned long long*>(address) = bits;
        return;
    }
#pragma unroll
    for (int j = 0; j < PACK; j++) address[j].bits = bf16_bits((float)p.at[j]);
}

// Elements [first, first + count) of the arrays, by one block; first is a multiple of PACK.
__device__ __forceinline__ void adamw_tile(
    const adamw_move& move, scalar* param, const scalar* grad, scalar* exp_avg, scalar* exp_avg_sq, bf16* copy, long long first, int count)
{
    for (int i = threadIdx.x * PACK; i < count; i += 256 * PACK)
    {
        long long at = first + i;
        if (i + PACK <= count)
        {
            pack p = load_pack(param + at), g = load_pack(grad + at), m = load_pack(exp_avg + at), v = load_pack(exp_avg_sq + at);
#pragma unroll
            for (int j = 0; j < PACK; j++) move.apply(p.at[j], g.at[j], m.at[j], v.at[j]);
            store_pack(param + at, p);
            store_pack(exp_avg + at, m);
            store_pack(exp_avg_sq + at, v);
            if (copy) store_copy(copy + at, p);
            continue;
        }
        for (int j = i; j < count; j++, at++)
        {
            accum p = to_accum(param[at]), m = to_accum(exp_avg[at]), v = to_accum(exp_avg_sq[at]);
            move.apply(p, to_accum(grad[at]), m, v);
            param[at] = to_scalar(p);
            exp_avg[at] = to_scalar(m);
            exp_avg_sq[at] = to_scalar(v);
            if (copy) copy[at].bits = bf16_bits((float)p);
        }
    }
}

// adamw_step: one step of one parameter. Twin of AdamW.Cpu.cs.
//   operator adamw
//   shapes   param, grad, exp_avg, exp_avg_sq [n]; any n >= 0
//   launch   grid ceil(n/16384); block 256; shared 0
//   reads    4*S*n
//   writes   3*S*n
//   bound    memory
//   why      four arrays in, three out, 16 bytes at a time
//   from     Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, as PyTorch orders it
extern "C" __global__ void __launch_bounds__(256) adamw_step(
    scalar* param, const scalar* grad, scalar* exp_avg, scalar* exp_avg_sq,
    accum scale, accum gain1, accum beta2, accum gain2, accum keep, accum rate, accum inverse_root, accum eps, long long n)
{
    adamw_move move = {scale, gain1, beta2, gain2, keep, rate, inverse_root, eps};
    long long first = blockIdx.x * (long long)TILE;
    adamw_tile(move, param, grad, exp_avg, exp_avg_sq, nullptr, first, (int)min((long long)TILE, n - first));
}

// adamw_arena: one step of every parameter of a store, in one launch over its flat arenas. Twin of Optim/AdamW.cs.
//   operator adamw
//   shapes   param, grad, exp_avg, exp_avg_sq, copy (bf16, null: none) [n], flat, each parameter padded to 64 bytes of the arena;
//            tiles i64 [gridDim.x,3]: parameter, first element, number of elements (at most 16384); moves [parameters,4]: keep, rate,
//            inverse_root, 1 if the parameter has a gradient in this step, else 0: then it is untouched;
//            norm f64 [2]: norm of all gradients and what they are multiplied by; null: 1; a norm that is not finite: no step at all
//   launch   grid gridDim.x; block 256; shared 0
//   reads    4*S*n + 256*(24 + 4*A + (norm ? 16 : 0))*gridDim.x
//   writes   3*S*n + (copy ? 2*n : 0)
//   bound    memory
//   why      one launch for all parameters: a block finds its tile in a table, and the numbers that change from step to step lie in memory,
//            so that a captured graph is replayed with new ones; clipping and the bf16 copy cost no pass of their own
//   from     Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, as PyTorch orders it
extern "C" __global__ void __launch_bounds__(256) adamw_arena(
    scalar* param, const scalar* grad, scalar* exp_avg, scalar* exp_avg_sq, bf16* copy,
    const long long* tiles, const accum* moves, const double* norm, accum gain1, accum beta2, accum gain2, accum eps, long long n)
{
    const long long* tile = tiles + 3LL * blockIdx.x;
    const accum* own = moves + 4 * tile[0];
    if (own[3] == 0 || (norm && !(norm[0] - norm[0] == 0))) return;
    adamw_move move = {norm ? (accum)norm[1] : accum(1), gain1, beta2, gain2, own[0], own[1], own[2], eps};
    adamw_tile(move, param, grad, exp_avg, exp_avg_sq, copy, tile[1], (int)tile[2]);
}
