// Atomic operations. Plain code uses the compiler's; checked code tells the instrument and swaps by hand, so that nothing counts twice.
#pragma once

#if defined(DWARF_CHECKED)
#define DWARF_ATOMIC(address, writes) dwarf_atomic(address, sizeof(*address), writes, file, line)
#else
#define DWARF_ATOMIC(address, writes) (void)file, (void)line
#endif

DWARF_INLINE unsigned dwarf_cas(volatile unsigned* address, unsigned expected, unsigned desired)
{
    asm volatile("lock cmpxchgl %2, (%1)" : "+a"(expected) : "r"(address), "r"(desired) : "memory", "cc");
    return expected;
}
DWARF_INLINE unsigned long dwarf_cas(volatile unsigned long* address, unsigned long expected, unsigned long desired)
{
    asm volatile("lock cmpxchgq %2, (%1)" : "+a"(expected) : "r"(address), "r"(desired) : "memory", "cc");
    return expected;
}
DWARF_INLINE unsigned short dwarf_cas(volatile unsigned short* address, unsigned short expected, unsigned short desired)
{
    asm volatile("lock cmpxchgw %2, (%1)" : "+a"(expected) : "r"(address), "r"(desired) : "memory", "cc");
    return expected;
}
DWARF_INLINE unsigned dwarf_peek(volatile unsigned* address)
{
    unsigned value;
    asm volatile("movl (%1), %0" : "=r"(value) : "r"(address) : "memory");
    return value;
}
DWARF_INLINE unsigned long dwarf_peek(volatile unsigned long* address)
{
    unsigned long value;
    asm volatile("movq (%1), %0" : "=r"(value) : "r"(address) : "memory");
    return value;
}

template <int Bytes> struct dwarf_bits { typedef unsigned type; };
template <> struct dwarf_bits<8> { typedef unsigned long type; };

template <typename T> struct dwarf_word
{
    typedef typename dwarf_bits<sizeof(T)>::type bits;
    DWARF_INLINE bits pack(T value)
    {
        union { bits word; T value; } both;
        both.word = 0;
        both.value = value;
        return both.word;
    }
    DWARF_INLINE T unpack(bits word)
    {
        union { bits word; T value; } both;
        both.word = word;
        return both.value;
    }
};

// The operation, by the value that was there; the old value comes back.
template <typename T, typename F> DWARF_INLINE T dwarf_update(T* address, const F& change)
{
    typedef dwarf_word<T> word;
    auto* raw = reinterpret_cast<volatile typename word::bits*>(address);
    typename word::bits old = dwarf_peek(raw);
    for (;;)
    {
        T next = change(word::unpack(old));
        typename word::bits seen = dwarf_cas(raw, old, word::pack(next));
        if (seen == old)
        {
            if (word::pack(next) == old) dwarf_yield();      // nothing changed: perhaps a loop that waits for another thread
            return word::unpack(old);
        }
        old = seen;
    }
}

#define DWARF_RMW(name, T, expression)                                                                                                     \
    DWARF_INLINE T name(T* address, T value, DWARF_SITE)                                                                                   \
    {                                                                                                                                      \
        DWARF_ATOMIC(address, 1);                                                                                                          \
        return dwarf_update(address, [value](T old) -> T { return expression; });                                                          \
    }                                                                                                                                      \
    DWARF_INLINE T name##_block(T* address, T value, DWARF_SITE) { return name(address, value, file, line); }                              \
    DWARF_INLINE T name##_system(T* address, T value, DWARF_SITE) { return name(address, value, file, line); }

#define DWARF_INTEGERS(T)                                                                                                                  \
    DWARF_RMW(atomicAdd, T, old + value)                                                                                                   \
    DWARF_RMW(atomicSub, T, old - value)                                                                                                   \
    DWARF_RMW(atomicMin, T, old < value ? old : value)                                                                                     \
    DWARF_RMW(atomicMax, T, old > value ? old : value)                                                                                     \
    DWARF_RMW(atomicAnd, T, old & value)                                                                                                   \
    DWARF_RMW(atomicOr, T, old | value)                                                                                                    \
    DWARF_RMW(atomicXor, T, old ^ value)
DWARF_INTEGERS(int)
DWARF_INTEGERS(unsigned)
DWARF_INTEGERS(long long)
DWARF_INTEGERS(unsigned long long)
DWARF_RMW(atomicAdd, float, old + value)
DWARF_RMW(atomicAdd, double, old + value)
DWARF_RMW(atomicInc, unsigned, old >= value ? 0u : old + 1u)
DWARF_RMW(atomicDec, unsigned, old == 0u || old > value ? value : old - 1u)

#define DWARF_SWAP(T)                                                                                                                      \
    DWARF_INLINE T atomicExch(T* address, T value, DWARF_SITE)                                                                             \
    {                                                                                                                                      \
        DWARF_ATOMIC(address, 1);                                                                                                          \
        return dwarf_update(address, [value](T) -> T { return value; });                                                                                                                    \
    }
DWARF_SWAP(int)
DWARF_SWAP(unsigned)
DWARF_SWAP(unsigned long long)
DWARF_SWAP(float)

#define DWARF_COMPARE(T)                                                                                                                   \
    DWARF_INLINE T atomicCAS(T* address, T expected, T value, DWARF_SITE)                                                                  \
    {                                                                                                                                      \
        DWARF_ATOMIC(address, 1);                                                                                                          \
        typedef dwarf_word<T> word;                                                                                                        \
        T before = word::unpack(dwarf_cas(reinterpret_cast<volatile word::bits*>(address), word::pack(expected), word::pack(value)));      \
        if (before != expected) dwarf_yield();                                                                                             \
        return before;                                                                                                                     \
    }
DWARF_COMPARE(int)
DWARF_COMPARE(unsigned)
DWARF_COMPARE(unsigned long long)

DWARF_INLINE unsigned short atomicCAS(unsigned short* address, unsigned short expected, unsigned short value, DWARF_SITE)
{
    DWARF_ATOMIC(address, 1);
    return dwarf_cas(address, expected, value);
}
