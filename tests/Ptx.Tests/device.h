// What clang needs to turn kernels/*.cu into PTX with no toolkit at hand: keywords, built-in variables, warp functions, atomics and
// mathematics. Force-included before each kernel by Ptx.Tests (clang.rsp has the flags). Mathematical functions without a PTX instruction
// stay external calls, which the interpreter answers. Nothing here is for speed; NVRTC compiles what users run. By hand, from the root:
//   clang++-19 @tests/Ptx.Tests/clang.rsp --cuda-gpu-arch=sm_80 -DDTYPE_F32 kernels/NAME.cu -o -
#pragma once
#define DWARF_PTX 1

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define PTX_INLINE static __device__ inline __attribute__((always_inline, unused, nodebug))

typedef decltype(sizeof(0)) size_t;
constexpr int warpSize = 32;

struct dim3
{
    unsigned x, y, z;
};

// Built-in variables, read-only: each member reads its special register.
#define PTX_INDEX(name, sreg)                                                                           \
    struct ptx_##name                                                                                   \
    {                                                                                                   \
        __declspec(property(get = get_x)) unsigned x;                                                   \
        __declspec(property(get = get_y)) unsigned y;                                                   \
        __declspec(property(get = get_z)) unsigned z;                                                   \
        static __device__ inline unsigned get_x() { return __nvvm_read_ptx_sreg_##sreg##_x(); }         \
        static __device__ inline unsigned get_y() { return __nvvm_read_ptx_sreg_##sreg##_y(); }         \
        static __device__ inline unsigned get_z() { return __nvvm_read_ptx_sreg_##sreg##_z(); }         \
        __device__ operator dim3() const { return dim3{get_x(), get_y(), get_z()}; }                    \
    };                                                                                                  \
    extern const __device__ __attribute__((weak)) ptx_##name name;
PTX_INDEX(threadIdx, tid)
PTX_INDEX(blockIdx, ctaid)
PTX_INDEX(blockDim, ntid)
PTX_INDEX(gridDim, nctaid)

#define PTX_VECTOR(type, name)                                                                                   \
    struct __align__(2 * sizeof(type)) name##2 { type x, y; };                                                   \
    struct name##3 { type x, y, z; };                                                                            \
    struct __align__(sizeof(type) < 8 ? 4 * sizeof(type) : 16) name##4 { type x, y, z, w; };                     \
    PTX_INLINE name##2 make_##name##2(type x, type y) { return name##2{x, y}; }                                  \
    PTX_INLINE name##3 make_##name##3(type x, type y, type z) { return name##3{x, y, z}; }                       \
    PTX_INLINE name##4 make_##name##4(type x, type y, type z, type w) { return name##4{x, y, z, w}; }
PTX_VECTOR(char, char)
PTX_VECTOR(unsigned char, uchar)
PTX_VECTOR(short, short)
PTX_VECTOR(unsigned short, ushort)
PTX_VECTOR(int, int)
PTX_VECTOR(unsigned, uint)
PTX_VECTOR(long long, longlong)
PTX_VECTOR(unsigned long long, ulonglong)
PTX_VECTOR(float, float)
PTX_VECTOR(double, double)

#include "device_warp.h"
#include "device_math.h"
