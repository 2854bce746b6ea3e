// Twins of the inline PTX in kernels/mma.cuh: the same names and arguments, as calls of the warp (mma.cpp) or of the lane's own copies. Included by
// device.h before every kernel, so plain C++ without any header.
#pragma once

#include "mma_lanes.h"

struct dwarf_row { unsigned at[4]; };

DWARF_INLINE void mma_16816(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, DWARF_SITE)
{
    dwarf_mma_lane mine;
    for (int i = 0; i < 4; i++) mine.a[i] = a[i], mine.d[i] = d[i];
    mine.b[0] = b0;
    mine.b[1] = b1;
    dwarf_warp_call(dwarf_mma_16816, &mine, 0xffffffffu, file, line);
    for (int i = 0; i < 4; i++) d[i] = mine.d[i];
}

template <int matrices> DWARF_INLINE void dwarf_ldmatrix_lanes(unsigned (&r)[matrices], const void* row, int transposed, const char* file, int line)
{
    dwarf_ldmatrix_lane mine;
    dwarf_row read = {};
    if ((int)dwarf_lane() < 8 * matrices) read = load16<dwarf_row>(row);
    for (int i = 0; i < 4; i++) mine.row[i] = read.at[i];
    mine.matrices = matrices;
    mine.transposed = transposed;
    dwarf_warp_call(dwarf_ldmatrix, &mine, 0xffffffffu, file, line);
    for (int i = 0; i < matrices; i++) r[i] = mine.result[i];
}

DWARF_INLINE void ldmatrix_x4(unsigned (&r)[4], const void* row, DWARF_SITE) { dwarf_ldmatrix_lanes(r, row, 0, file, line); }
DWARF_INLINE void ldmatrix_x4_trans(unsigned (&r)[4], const void* row, DWARF_SITE) { dwarf_ldmatrix_lanes(r, row, 1, file, line); }
DWARF_INLINE void ldmatrix_x2(unsigned (&r)[2], const void* row, DWARF_SITE) { dwarf_ldmatrix_lanes(r, row, 0, file, line); }
DWARF_INLINE void ldmatrix_x2_trans(unsigned (&r)[2], const void* row, DWARF_SITE) { dwarf_ldmatrix_lanes(r, row, 1, file, line); }

// The runtime lets the bytes land as late as the ISA allows: when a wait asks for their group.
DWARF_INLINE void cp_async16(void* to, const void* from, bool inside, DWARF_SITE) { dwarf_cp_async(to, inside ? from : nullptr, 16, file, line); }
DWARF_INLINE void cp_async_commit() { dwarf_cp_commit(); }
template <int pending> DWARF_INLINE void cp_async_wait(DWARF_SITE) { dwarf_cp_wait(pending, file, line); }

DWARF_INLINE unsigned dwarf_to_bf16(float x)
{
    union { float value; unsigned bits; } both = {x};
    if ((both.bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffu;     // every NaN becomes this one
    return (both.bits + 0x7fffu + ((both.bits >> 16) & 1u)) >> 16;
}

DWARF_INLINE unsigned pack_bf16(float low, float high) { return dwarf_to_bf16(low) | dwarf_to_bf16(high) << 16; }
