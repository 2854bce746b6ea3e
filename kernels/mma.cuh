// Tensor cores and asynchronous copies: the only place with inline PTX (sm_80 and later). Every wrapper is a warp's joint work or one lane's
// copy; under DWARF_EMULATED the wrappers are their twins in emulator/mma.h.
//   from     PTX ISA 7.8, "Data Movement and Conversion" (cp.async, cvt) and "Warp Level Matrix Multiply-Accumulate" (ldmatrix, mma)
// Fragments of mma_16816, with g = lane / 4 and q = lane % 4:
//   a[i]     row g + 8 * (i & 1), columns 2q + 8 * (i >> 1) and the next    (16 x 16, bf16 pairs, the lower half first)
//   b[i]     rows 2q + 8 * i and the next, column g                         (16 x 8)
//   d[i]     row g + 8 * (i >> 1), column 2q + (i & 1)                      (16 x 8, f32)
#pragma once
#include "common.cuh"

#if !defined(DWARF_EMULATED)

__device__ __forceinline__ unsigned shared_address(const void* address) { return (unsigned)__cvta_generic_to_shared(address); }

// d += a b
__device__ __forceinline__ void mma_16816(float (&d)[4], const unsigned (&a)[4], unsigned b0, unsigned b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four 8x8 matrices of 16-bit elements: lane l gives the address of row l % 8 of matrix l / 8, and gets of each matrix i the elements 2q and
// 2q + 1 of row g, in r[i].
__device__ __forceinline__ void ldmatrix_x4(unsigned (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// The same of the transposed matrices: rows 2q and 2q + 1 of column g.
__device__ __forceinline__ void ldmatrix_x4_trans(unsigned (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}

// Two matrices: lanes 0 to 15 give their rows; the other lanes' addresses are ignored.
__device__ __forceinline__ void ldmatrix_x2(unsigned (&r)[2], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(shared_address(row)) : "memory");
}

__device__ __forceinline__ void ldmatrix_x2_trans(unsigned (&r)[2], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(shared_address(row)) : "memory");
}

// 16 bytes from global to shared memory, past the registers and the first-level cache; zeros where `inside` is false (`from` is not read then,
// but must be an address). Both addresses are multiples of 16. Seen after cp_async_wait by this thread, by others after a barrier too.
__device__ __forceinline__ void cp_async16(void* to, const void* from, bool inside)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" : : "r"(shared_address(to)), "l"(from), "r"(inside ? 16 : 0) : "memory");
}

// Closes a group of copies.
__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;" : : : "memory"); }

// Waits until at most `pending` of this thread's groups, the youngest, are still under way.
template <int pending> __device__ __forceinline__ void cp_async_wait() { asm volatile("cp.async.wait_group %0;" : : "n"(pending) : "memory"); }

// Two floats as bf16, rounded to nearest even, the first in the lower half: an element of a fragment.
__device__ __forceinline__ unsigned pack_bf16(float low, float high)
{
    unsigned result;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(result) : "f"(high), "f"(low));
    return result;
}

#endif
