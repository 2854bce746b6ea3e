// Barriers, fences, votes, shuffles and atomics for clang's PTX. Included by device.h. __syncthreads and __nvvm_* are clang's own.
#pragma once

#define PTX_FULL 0xffffffffu

PTX_INLINE void __syncwarp(unsigned mask = PTX_FULL) { __nvvm_bar_warp_sync(mask); }
PTX_INLINE int __syncthreads_count(int predicate) { return __nvvm_bar0_popc(predicate); }
PTX_INLINE int __syncthreads_and(int predicate) { return __nvvm_bar0_and(predicate); }
PTX_INLINE int __syncthreads_or(int predicate) { return __nvvm_bar0_or(predicate); }
PTX_INLINE void __threadfence_block() { __nvvm_membar_cta(); }
PTX_INLINE void __threadfence() { __nvvm_membar_gl(); }
PTX_INLINE void __threadfence_system() { __nvvm_membar_sys(); }

PTX_INLINE unsigned __ballot_sync(unsigned mask, int predicate) { return (unsigned)__nvvm_vote_ballot_sync(mask, predicate != 0); }
PTX_INLINE int __any_sync(unsigned mask, int predicate) { return __nvvm_vote_any_sync(mask, predicate != 0); }
PTX_INLINE int __all_sync(unsigned mask, int predicate) { return __nvvm_vote_all_sync(mask, predicate != 0); }
PTX_INLINE unsigned __activemask()
{
    unsigned mask;
    asm volatile("activemask.b32 %0;" : "=r"(mask));
    return mask;
}

// A 4-byte shuffle is an instruction; one of 8 bytes is two.
#define PTX_SHUFFLE(cuda, nvvm, argument, limit)                                                                              \
    PTX_INLINE int cuda(unsigned mask, int value, argument which, int width = 32)                                             \
    {                                                                                                                         \
        return __nvvm_shfl_sync_##nvvm##_i32(mask, value, (int)which, ((32 - width) << 8) | limit);                           \
    }                                                                                                                         \
    PTX_INLINE unsigned cuda(unsigned mask, unsigned value, argument which, int width = 32)                                   \
    {                                                                                                                         \
        return (unsigned)cuda(mask, (int)value, which, width);                                                                \
    }                                                                                                                         \
    PTX_INLINE float cuda(unsigned mask, float value, argument which, int width = 32)                                         \
    {                                                                                                                         \
        return __builtin_bit_cast(float, cuda(mask, __builtin_bit_cast(int, value), which, width));                           \
    }                                                                                                                         \
    PTX_INLINE unsigned long long cuda(unsigned mask, unsigned long long value, argument which, int width = 32)               \
    {                                                                                                                         \
        unsigned low = cuda(mask, (unsigned)value, which, width), high = cuda(mask, (unsigned)(value >> 32), which, width);   \
        return (unsigned long long)high << 32 | low;                                                                          \
    }                                                                                                                         \
    PTX_INLINE long long cuda(unsigned mask, long long value, argument which, int width = 32)                                 \
    {                                                                                                                         \
        return (long long)cuda(mask, (unsigned long long)value, which, width);                                                \
    }                                                                                                                         \
    PTX_INLINE double cuda(unsigned mask, double value, argument which, int width = 32)                                       \
    {                                                                                                                         \
        return __builtin_bit_cast(double, cuda(mask, __builtin_bit_cast(unsigned long long, value), which, width));           \
    }
PTX_SHUFFLE(__shfl_sync, idx, int, 0x1f)
PTX_SHUFFLE(__shfl_xor_sync, bfly, int, 0x1f)
PTX_SHUFFLE(__shfl_down_sync, down, unsigned, 0x1f)
PTX_SHUFFLE(__shfl_up_sync, up, unsigned, 0)

#define PTX_ATOMIC(cuda, op, type, wide, suffix)                                                   \
    PTX_INLINE type cuda(type* address, type value)                                                \
    {                                                                                              \
        return (type)__nvvm_atom_##op##_gen_##suffix((wide*)address, (wide)value);                 \
    }
PTX_ATOMIC(atomicAdd, add, int, int, i)
PTX_ATOMIC(atomicAdd, add, unsigned, int, i)
PTX_ATOMIC(atomicAdd, add, unsigned long long, long long, ll)
PTX_ATOMIC(atomicAdd, add, float, float, f)
PTX_ATOMIC(atomicAdd, add, double, double, d)
PTX_ATOMIC(atomicExch, xchg, int, int, i)
PTX_ATOMIC(atomicExch, xchg, unsigned, int, i)
PTX_ATOMIC(atomicExch, xchg, unsigned long long, long long, ll)
PTX_ATOMIC(atomicMax, max, int, int, i)
PTX_ATOMIC(atomicMax, max, unsigned, unsigned, ui)
PTX_ATOMIC(atomicMax, max, long long, long long, ll)
PTX_ATOMIC(atomicMax, max, unsigned long long, unsigned long long, ull)
PTX_ATOMIC(atomicMin, min, int, int, i)
PTX_ATOMIC(atomicMin, min, unsigned, unsigned, ui)
PTX_ATOMIC(atomicMin, min, long long, long long, ll)
PTX_ATOMIC(atomicMin, min, unsigned long long, unsigned long long, ull)
PTX_ATOMIC(atomicAnd, and, int, int, i)
PTX_ATOMIC(atomicAnd, and, unsigned, int, i)
PTX_ATOMIC(atomicOr, or, int, int, i)
PTX_ATOMIC(atomicOr, or, unsigned, int, i)
PTX_ATOMIC(atomicXor, xor, int, int, i)
PTX_ATOMIC(atomicXor, xor, unsigned, int, i)
PTX_ATOMIC(atomicInc, inc, unsigned, unsigned, ui)
PTX_ATOMIC(atomicDec, dec, unsigned, unsigned, ui)
PTX_INLINE int atomicSub(int* address, int value) { return atomicAdd(address, -value); }
PTX_INLINE unsigned atomicSub(unsigned* address, unsigned value) { return atomicAdd(address, 0u - value); }
PTX_INLINE int atomicCAS(int* address, int compare, int value) { return __nvvm_atom_cas_gen_i(address, compare, value); }
PTX_INLINE unsigned atomicCAS(unsigned* address, unsigned compare, unsigned value)
{
    return (unsigned)__nvvm_atom_cas_gen_i((int*)address, (int)compare, (int)value);
}
PTX_INLINE unsigned long long atomicCAS(unsigned long long* address, unsigned long long compare, unsigned long long value)
{
    return (unsigned long long)__nvvm_atom_cas_gen_ll((long long*)address, (long long)compare, (long long)value);
}

PTX_INLINE void __trap() { __builtin_trap(); }
template <typename T> PTX_INLINE T __ldg(const T* address) { return *address; }
PTX_INLINE size_t __cvta_generic_to_shared(const void* address) { return (size_t)(__attribute__((address_space(3))) const void*)address; }
PTX_INLINE size_t __cvta_generic_to_global(const void* address) { return (size_t)(__attribute__((address_space(1))) const void*)address; }
