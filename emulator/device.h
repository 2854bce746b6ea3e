// CUDA C++ for g++: included before every kernel file by the emulated NVRTC. No standard header: kernels have none either.
// `__shared__` and `__global__` are not macros: source.cpp rewrites them after the preprocessor.
#pragma once
#include "context.h"

#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define DWARF_EMULATED 1
#define __device__
#define __host__
#define __constant__
#define __managed__
#define __grid_constant__
#define __cluster_dims__(...)
#define __maxnreg__(...)
#define __block_size__(...)
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __restrict __restrict__
#define __builtin_assume(condition) do { if (!(condition)) __builtin_unreachable(); } while (0)
#define __builtin_align__(n) __attribute__((aligned(n)))

#define DWARF_INLINE static inline __attribute__((always_inline, unused))
#define DWARF_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()
#ifndef NULL
#define NULL 0
#endif

typedef decltype(sizeof(0)) size_t;
typedef decltype((char*)0 - (char*)0) ptrdiff_t;
typedef decltype(nullptr) nullptr_t;
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned uint32_t;
typedef long int64_t;
typedef unsigned long uint64_t;
typedef long intptr_t;
typedef unsigned long uintptr_t;
typedef unsigned int uint;
typedef unsigned short ushort;
typedef unsigned long ulong;

extern "C"
{
extern __thread dwarf_thread* dwarf_self __attribute__((tls_model("initial-exec")));
unsigned long dwarf_collective(int operation, unsigned mask, unsigned long value, int argument, int width, const char* file, int line);
void dwarf_warp_call(void (*function)(void* const*), void* mine, unsigned mask, const char* file, int line);
int dwarf_barrier(int kind, int predicate, const char* file, int line);
void dwarf_fence(int scope, const char* file, int line);
void dwarf_atomic(const void* address, unsigned bytes, int writes, const char* file, int line);
void dwarf_cp_async(void* shared, const void* global, unsigned bytes, const char* file, int line);
void dwarf_cp_commit();
void dwarf_cp_wait(int groups_left, const char* file, int line);
void dwarf_trap(const char* what, const char* file, int line);
void dwarf_yield();
long long dwarf_clock();
uint3 dwarf_thread_index() __attribute__((const));
uint3 dwarf_block_index() __attribute__((const));
uint3 dwarf_block_dim() __attribute__((const));
uint3 dwarf_grid_dim() __attribute__((const));
unsigned dwarf_lane() __attribute__((const));
char* dwarf_shared_at(const dwarf_shared_object* object) __attribute__((const));
char* dwarf_dynamic_shared() __attribute__((const));
int dwarf_printf(const char* format, ...);
void* memcpy(void*, const void*, size_t);
void* memset(void*, int, size_t);
}

// Checked code asks by calls: a load of threadIdx must not be counted among the kernel's own.
#if defined(DWARF_CHECKED)
#define threadIdx (dwarf_thread_index())
#define blockIdx (dwarf_block_index())
#define blockDim (dim3(dwarf_block_dim()))
#define gridDim (dim3(dwarf_grid_dim()))
#define DWARF_SHARED_AT(object) dwarf_shared_at(&object)
#define DWARF_DYNAMIC dwarf_dynamic_shared()
#else
#define threadIdx (static_cast<const uint3&>(dwarf_self->index))
#define blockIdx (static_cast<const uint3&>(dwarf_self->block->index))
#define blockDim (static_cast<const dim3&>(dwarf_self->block->block))
#define gridDim (static_cast<const dim3&>(dwarf_self->block->grid))
#define DWARF_SHARED_AT(object) (dwarf_self->block->shared + object.offset)
#define DWARF_DYNAMIC (dwarf_self->block->dynamic)
#endif
static const int warpSize = 32;

#include "device_vectors.h"
#include "device_math.h"
#include "device_warp.h"
#include "device_atomics.h"
#include "device_entry.h"

// 16 bytes at once, as one access; the type comes from common.cuh.
#if defined(DWARF_CHECKED)
extern "C" void __tsan_read16(void*);
extern "C" void __tsan_write16(void*);
#endif

namespace std {}       // so that `using namespace std;` means nothing

struct bytes16;
template <typename T = bytes16> DWARF_INLINE T load16(const void* address)
{
#if defined(DWARF_CHECKED)
    __tsan_read16(const_cast<void*>(address));
    typedef long long dwarf_vector __attribute__((vector_size(16)));
    union { T value; dwarf_vector raw; } memory;
    dwarf_vector raw;
    asm volatile("movdqu (%1), %0" : "=x"(raw) : "r"(address) : "memory");   // not instrumented a second time
    memory.raw = raw;
    return memory.value;
#else
    return *static_cast<const T*>(address);
#endif
}

template <typename T> DWARF_INLINE void store16(void* address, T value)
{
#if defined(DWARF_CHECKED)
    __tsan_write16(address);
    typedef long long dwarf_vector __attribute__((vector_size(16)));
    union { T value; dwarf_vector raw; } memory;
    memory.value = value;
    asm volatile("movdqu %1, (%0)" : : "r"(address), "x"(memory.raw) : "memory");
#else
    *static_cast<T*>(address) = value;
#endif
}

#include "mma.h"
