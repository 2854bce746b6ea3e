// Mathematics for clang's PTX. Included by device.h. With -fno-builtin a declared function stays an external call (`call expf`); what PTX
// has an instruction for goes through clang's own built-ins. Overloads for float and double as NVRTC has them.
#pragma once

#define PTX_EXTERNAL_1(name)                                        \
    extern "C" __device__ float name##f(float x);                   \
    extern "C" __device__ double name(double x);                    \
    PTX_INLINE float name(float x) { return name##f(x); }
#define PTX_EXTERNAL_2(name)                                        \
    extern "C" __device__ float name##f(float x, float y);          \
    extern "C" __device__ double name(double x, double y);          \
    PTX_INLINE float name(float x, float y) { return name##f(x, y); }
PTX_EXTERNAL_1(exp)
PTX_EXTERNAL_1(exp2)
PTX_EXTERNAL_1(expm1)
PTX_EXTERNAL_1(log)
PTX_EXTERNAL_1(log2)
PTX_EXTERNAL_1(log10)
PTX_EXTERNAL_1(log1p)
PTX_EXTERNAL_1(sin)
PTX_EXTERNAL_1(cos)
PTX_EXTERNAL_1(tan)
PTX_EXTERNAL_1(sinh)
PTX_EXTERNAL_1(cosh)
PTX_EXTERNAL_1(tanh)
PTX_EXTERNAL_1(erf)
PTX_EXTERNAL_1(erfc)
PTX_EXTERNAL_1(cbrt)
PTX_EXTERNAL_2(pow)
PTX_EXTERNAL_2(fmod)

#define PTX_BUILTIN_1(name)                                                         \
    PTX_INLINE float name##f(float x) { return __builtin_##name##f(x); }            \
    PTX_INLINE double name(double x) { return __builtin_##name(x); }                \
    PTX_INLINE float name(float x) { return __builtin_##name##f(x); }
#define PTX_BUILTIN_2(name)                                                         \
    PTX_INLINE float name##f(float x, float y) { return __builtin_##name##f(x, y); }\
    PTX_INLINE double name(double x, double y) { return __builtin_##name(x, y); }   \
    PTX_INLINE float name(float x, float y) { return __builtin_##name##f(x, y); }
PTX_BUILTIN_1(fabs)
PTX_BUILTIN_1(floor)
PTX_BUILTIN_1(ceil)
PTX_BUILTIN_1(trunc)
PTX_BUILTIN_1(rint)
PTX_BUILTIN_2(fmin)
PTX_BUILTIN_2(fmax)
PTX_BUILTIN_2(copysign)

PTX_INLINE float sqrtf(float x) { return __nvvm_sqrt_rn_f(x); }
PTX_INLINE double sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
PTX_INLINE float sqrt(float x) { return __nvvm_sqrt_rn_f(x); }
PTX_INLINE float rsqrtf(float x) { return __nvvm_rsqrt_approx_f(x); }
PTX_INLINE double rsqrt(double x) { return 1.0 / __nvvm_sqrt_rn_d(x); }
PTX_INLINE float rsqrt(float x) { return __nvvm_rsqrt_approx_f(x); }
PTX_INLINE float fmaf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
PTX_INLINE double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
PTX_INLINE float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
PTX_INLINE float fdividef(float x, float y) { return x / y; }
PTX_INLINE float roundf(float x) { return __builtin_copysignf(__builtin_truncf(__builtin_fabsf(x) + 0.5f), x); }
PTX_INLINE float ldexpf(float x, int n) { return x * exp2f((float)n); }
PTX_INLINE bool isnan(float x) { return x != x; }
PTX_INLINE bool isnan(double x) { return x != x; }
PTX_INLINE bool isinf(float x) { return __builtin_fabsf(x) == __builtin_inff(); }
PTX_INLINE bool isinf(double x) { return __builtin_fabs(x) == __builtin_inf(); }
PTX_INLINE bool isfinite(float x) { return __builtin_fabsf(x) < __builtin_inff(); }
PTX_INLINE bool isfinite(double x) { return __builtin_fabs(x) < __builtin_inf(); }

// Fast forms and single instructions.
PTX_INLINE float __expf(float x) { return __nvvm_ex2_approx_f(x * 1.4426950408889634f); }
PTX_INLINE float __logf(float x) { return __nvvm_lg2_approx_f(x) * 0.6931471805599453f; }
PTX_INLINE float __fdividef(float x, float y) { return __nvvm_div_approx_f(x, y); }
PTX_INLINE float __frcp_rn(float x) { return __nvvm_rcp_rn_f(x); }
PTX_INLINE float __fsqrt_rn(float x) { return __nvvm_sqrt_rn_f(x); }
PTX_INLINE float __fadd_rn(float x, float y) { return __nvvm_add_rn_f(x, y); }
PTX_INLINE float __fmul_rn(float x, float y) { return __nvvm_mul_rn_f(x, y); }
PTX_INLINE float __fmaf_rn(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
PTX_INLINE float __fdiv_rn(float x, float y) { return __nvvm_div_rn_f(x, y); }
PTX_INLINE double __dadd_rn(double x, double y) { return __nvvm_add_rn_d(x, y); }
PTX_INLINE double __dmul_rn(double x, double y) { return __nvvm_mul_rn_d(x, y); }
PTX_INLINE double __fma_rn(double x, double y, double z) { return __builtin_fma(x, y, z); }

// Bits.
PTX_INLINE unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
PTX_INLINE int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
PTX_INLINE float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
PTX_INLINE float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
PTX_INLINE long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
PTX_INLINE double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }
PTX_INLINE int __popc(unsigned x) { return __builtin_popcount(x); }
PTX_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
PTX_INLINE int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
PTX_INLINE int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
PTX_INLINE int __ffs(int x) { return __builtin_ffs(x); }
PTX_INLINE unsigned __brev(unsigned x) { return __builtin_bitreverse32(x); }
PTX_INLINE unsigned __umulhi(unsigned x, unsigned y) { return (unsigned)(((unsigned long long)x * y) >> 32); }
PTX_INLINE int __mulhi(int x, int y) { return (int)(((long long)x * y) >> 32); }
PTX_INLINE unsigned long long __umul64hi(unsigned long long x, unsigned long long y) { return __nvvm_mulhi_ull(x, y); }

// Integer and floating minimum and maximum, as CUDA overloads them.
#define PTX_MINMAX(type)                                                            \
    PTX_INLINE type min(type x, type y) { return y < x ? y : x; }                   \
    PTX_INLINE type max(type x, type y) { return x < y ? y : x; }
PTX_MINMAX(int)
PTX_MINMAX(unsigned)
PTX_MINMAX(long)
PTX_MINMAX(unsigned long)
PTX_MINMAX(long long)
PTX_MINMAX(unsigned long long)
PTX_INLINE float min(float x, float y) { return __builtin_fminf(x, y); }
PTX_INLINE float max(float x, float y) { return __builtin_fmaxf(x, y); }
PTX_INLINE double min(double x, double y) { return __builtin_fmin(x, y); }
PTX_INLINE double max(double x, double y) { return __builtin_fmax(x, y); }
PTX_INLINE int abs(int x) { return x < 0 ? -x : x; }
PTX_INLINE long long llabs(long long x) { return x < 0 ? -x : x; }
PTX_INLINE long long abs(long long x) { return x < 0 ? -x : x; }
PTX_INLINE float abs(float x) { return __builtin_fabsf(x); }
PTX_INLINE double abs(double x) { return __builtin_fabs(x); }
