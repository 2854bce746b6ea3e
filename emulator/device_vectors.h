// CUDA's vector types and make_ functions.
#pragma once

#define DWARF_VECTORS(T, name, a2, a4)                                                                                                     \
    struct name##1 { T x; };                                                                                                               \
    struct __attribute__((aligned(a2))) name##2 { T x, y; };                                                                               \
    struct name##3 { T x, y, z; };                                                                                                         \
    struct __attribute__((aligned(a4))) name##4 { T x, y, z, w; };                                                                         \
    DWARF_INLINE name##1 make_##name##1(T x) { return name##1{x}; }                                                                        \
    DWARF_INLINE name##2 make_##name##2(T x, T y) { return name##2{x, y}; }                                                                \
    DWARF_INLINE name##3 make_##name##3(T x, T y, T z) { return name##3{x, y, z}; }                                                        \
    DWARF_INLINE name##4 make_##name##4(T x, T y, T z, T w) { return name##4{x, y, z, w}; }

DWARF_VECTORS(signed char, char, 2, 4)
DWARF_VECTORS(unsigned char, uchar, 2, 4)
DWARF_VECTORS(short, short, 4, 8)
DWARF_VECTORS(unsigned short, ushort, 4, 8)
DWARF_VECTORS(int, int, 8, 16)
DWARF_VECTORS(long, long, 16, 16)
DWARF_VECTORS(unsigned long, ulong, 16, 16)
DWARF_VECTORS(long long, longlong, 16, 16)
DWARF_VECTORS(unsigned long long, ulonglong, 16, 16)
DWARF_VECTORS(float, float, 8, 16)
DWARF_VECTORS(double, double, 16, 16)

// uint3 is in context.h: threadIdx has that type.
struct uint1 { unsigned x; };
struct __attribute__((aligned(8))) uint2 { unsigned x, y; };
struct __attribute__((aligned(16))) uint4 { unsigned x, y, z, w; };
DWARF_INLINE uint1 make_uint1(unsigned x) { return uint1{x}; }
DWARF_INLINE uint2 make_uint2(unsigned x, unsigned y) { return uint2{x, y}; }
DWARF_INLINE uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return uint3{x, y, z}; }
DWARF_INLINE uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return uint4{x, y, z, w}; }
