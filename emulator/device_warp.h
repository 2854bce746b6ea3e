// Barriers, warp collectives, fences, asynchronous copies.
#pragma once

DWARF_INLINE void __syncthreads(DWARF_SITE) { dwarf_barrier(DWARF_BARRIER, 0, file, line); }
DWARF_INLINE int __syncthreads_count(int predicate, DWARF_SITE) { return dwarf_barrier(DWARF_BARRIER_COUNT, predicate, file, line); }
DWARF_INLINE int __syncthreads_and(int predicate, DWARF_SITE) { return dwarf_barrier(DWARF_BARRIER_AND, predicate, file, line); }
DWARF_INLINE int __syncthreads_or(int predicate, DWARF_SITE) { return dwarf_barrier(DWARF_BARRIER_OR, predicate, file, line); }
DWARF_INLINE void __syncwarp(unsigned mask = 0xffffffffu, DWARF_SITE) { dwarf_collective(DWARF_SYNCWARP, mask, 0, 0, 32, file, line); }

DWARF_INLINE void __threadfence_block(DWARF_SITE) { dwarf_fence(0, file, line); }
DWARF_INLINE void __threadfence(DWARF_SITE) { dwarf_fence(1, file, line); }
DWARF_INLINE void __threadfence_system(DWARF_SITE) { dwarf_fence(2, file, line); }

// Any type of 1 to 8 bytes travels as the low bits of a 64-bit word.
template <typename T> DWARF_INLINE unsigned long dwarf_to_word(T value)
{
    static_assert(sizeof(T) <= 8, "a warp collective moves at most 8 bytes");
    union { unsigned long word; T value; } both;
    both.word = 0;
    both.value = value;
    return both.word;
}

template <typename T> DWARF_INLINE T dwarf_from_word(unsigned long word)
{
    union { unsigned long word; T value; } both;
    both.word = word;
    return both.value;
}

template <typename T> DWARF_INLINE T __shfl_sync(unsigned mask, T value, int source, int width = 32, DWARF_SITE)
{
    return dwarf_from_word<T>(dwarf_collective(DWARF_SHUFFLE, mask, dwarf_to_word(value), source, width, file, line));
}
template <typename T> DWARF_INLINE T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, DWARF_SITE)
{
    return dwarf_from_word<T>(dwarf_collective(DWARF_SHUFFLE_UP, mask, dwarf_to_word(value), (int)delta, width, file, line));
}
template <typename T> DWARF_INLINE T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, DWARF_SITE)
{
    return dwarf_from_word<T>(dwarf_collective(DWARF_SHUFFLE_DOWN, mask, dwarf_to_word(value), (int)delta, width, file, line));
}
template <typename T> DWARF_INLINE T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, DWARF_SITE)
{
    return dwarf_from_word<T>(dwarf_collective(DWARF_SHUFFLE_XOR, mask, dwarf_to_word(value), lanes, width, file, line));
}

DWARF_INLINE unsigned __ballot_sync(unsigned mask, int predicate, DWARF_SITE)
{
    return (unsigned)dwarf_collective(DWARF_BALLOT, mask, predicate != 0, 0, 32, file, line);
}
DWARF_INLINE int __any_sync(unsigned mask, int predicate, DWARF_SITE)
{
    return (int)dwarf_collective(DWARF_ANY, mask, predicate != 0, 0, 32, file, line);
}
DWARF_INLINE int __all_sync(unsigned mask, int predicate, DWARF_SITE)
{
    return (int)dwarf_collective(DWARF_ALL, mask, predicate != 0, 0, 32, file, line);
}
DWARF_INLINE unsigned __activemask(DWARF_SITE) { return (unsigned)dwarf_collective(DWARF_ACTIVEMASK, 0xffffffffu, 0, 0, 32, file, line); }
template <typename T> DWARF_INLINE unsigned __match_any_sync(unsigned mask, T value, DWARF_SITE)
{
    return (unsigned)dwarf_collective(DWARF_MATCH_ANY, mask, dwarf_to_word(value), 0, 32, file, line);
}
template <typename T> DWARF_INLINE unsigned __match_all_sync(unsigned mask, T value, int* all, DWARF_SITE)
{
    unsigned same = (unsigned)dwarf_collective(DWARF_MATCH_ALL, mask, dwarf_to_word(value), 0, 32, file, line);
    *all = same != 0;
    return same;
}

#define DWARF_REDUCE(name, T, operation)                                                                                                   \
    DWARF_INLINE T __reduce_##name##_sync(unsigned mask, T value, DWARF_SITE)                                                              \
    {                                                                                                                                      \
        return (T)dwarf_collective(operation, mask, (unsigned)value, 0, 32, file, line);                                                   \
    }
DWARF_REDUCE(add, int, DWARF_ADD)
DWARF_REDUCE(add, unsigned, DWARF_ADD)
DWARF_REDUCE(min, int, DWARF_MIN_SIGNED)
DWARF_REDUCE(max, int, DWARF_MAX_SIGNED)
DWARF_REDUCE(min, unsigned, DWARF_MIN_UNSIGNED)
DWARF_REDUCE(max, unsigned, DWARF_MAX_UNSIGNED)
DWARF_REDUCE(and, unsigned, DWARF_AND)
DWARF_REDUCE(or, unsigned, DWARF_OR)
DWARF_REDUCE(xor, unsigned, DWARF_XOR)

DWARF_INLINE void __nanosleep(unsigned) { dwarf_yield(); }
DWARF_INLINE long long clock64() { return dwarf_clock(); }
DWARF_INLINE long long clock() { return dwarf_clock(); }
DWARF_INLINE void __trap(DWARF_SITE) { dwarf_trap("__trap", file, line); }
DWARF_INLINE void __brkpt(DWARF_SITE) { dwarf_trap("__brkpt", file, line); }
DWARF_INLINE void __prof_trigger(int) {}
#define assert(condition) ((condition) ? (void)0 : dwarf_trap("assertion failed: " #condition, __FILE__, __LINE__))
#define printf(...) dwarf_printf(__VA_ARGS__)
