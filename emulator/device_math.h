// CUDA's mathematics and bit functions by name. libm's functions are declared here, since <cmath> would bring its own __expf.
// The fast intrinsics (__expf and the like) are the exact functions: an emulator cannot know a chip's last bits.
#pragma once

// Integers among the arguments count as double, and so does float beside double, as in <cmath>.
template <typename T> struct dwarf_integer {};
#define DWARF_INTEGER(T) template <> struct dwarf_integer<T> { typedef double promoted; };
DWARF_INTEGER(signed char) DWARF_INTEGER(unsigned char) DWARF_INTEGER(short) DWARF_INTEGER(unsigned short) DWARF_INTEGER(int)
DWARF_INTEGER(unsigned) DWARF_INTEGER(long) DWARF_INTEGER(unsigned long) DWARF_INTEGER(long long) DWARF_INTEGER(unsigned long long)

#define DWARF_LIBM1(name)                                                                                                                  \
    extern "C" double name(double) noexcept;                                                                                               \
    extern "C" float name##f(float) noexcept;                                                                                              \
    DWARF_INLINE float name(float x) { return name##f(x); }                                                                                \
    template <typename T> DWARF_INLINE typename dwarf_integer<T>::promoted name(T x) { return name((double)x); }
DWARF_LIBM1(exp) DWARF_LIBM1(exp2) DWARF_LIBM1(expm1) DWARF_LIBM1(log) DWARF_LIBM1(log2) DWARF_LIBM1(log10) DWARF_LIBM1(log1p)
DWARF_LIBM1(sin) DWARF_LIBM1(cos) DWARF_LIBM1(tan) DWARF_LIBM1(asin) DWARF_LIBM1(acos) DWARF_LIBM1(atan)
DWARF_LIBM1(sinh) DWARF_LIBM1(cosh) DWARF_LIBM1(tanh) DWARF_LIBM1(asinh) DWARF_LIBM1(acosh) DWARF_LIBM1(atanh)
DWARF_LIBM1(erf) DWARF_LIBM1(erfc) DWARF_LIBM1(tgamma) DWARF_LIBM1(lgamma) DWARF_LIBM1(cbrt) DWARF_LIBM1(sqrt)
DWARF_LIBM1(floor) DWARF_LIBM1(ceil) DWARF_LIBM1(trunc) DWARF_LIBM1(round) DWARF_LIBM1(rint) DWARF_LIBM1(nearbyint) DWARF_LIBM1(fabs)

#define DWARF_LIBM2(name)                                                                                                                  \
    extern "C" double name(double, double) noexcept;                                                                                       \
    extern "C" float name##f(float, float) noexcept;                                                                                       \
    DWARF_INLINE float name(float x, float y) { return name##f(x, y); }                                                                    \
    DWARF_INLINE double name(float x, double y) { return name((double)x, y); }                                                             \
    DWARF_INLINE double name(double x, float y) { return name(x, (double)y); }                                                             \
    template <typename T> DWARF_INLINE typename dwarf_integer<T>::promoted name(T x, double y) { return name((double)x, y); }              \
    template <typename T> DWARF_INLINE typename dwarf_integer<T>::promoted name(T x, float y) { return name((double)x, (double)y); }       \
    template <typename T> DWARF_INLINE typename dwarf_integer<T>::promoted name(double x, T y) { return name(x, (double)y); }              \
    template <typename T> DWARF_INLINE typename dwarf_integer<T>::promoted name(float x, T y) { return name((double)x, (double)y); }       \
    template <typename T, typename U, typename R = typename dwarf_integer<T>::promoted, typename Q = typename dwarf_integer<U>::promoted>  \
    DWARF_INLINE R name(T x, U y) { return name((double)x, (double)y); }
DWARF_LIBM2(pow) DWARF_LIBM2(fmod) DWARF_LIBM2(atan2) DWARF_LIBM2(hypot) DWARF_LIBM2(fmax) DWARF_LIBM2(fmin) DWARF_LIBM2(copysign)
DWARF_LIBM2(fdim) DWARF_LIBM2(remainder) DWARF_LIBM2(nextafter)

extern "C"
{
double fma(double, double, double) noexcept;
float fmaf(float, float, float) noexcept;
double ldexp(double, int) noexcept;
float ldexpf(float, int) noexcept;
double frexp(double, int*) noexcept;
float frexpf(float, int*) noexcept;
double modf(double, double*) noexcept;
float modff(float, float*) noexcept;
void sincos(double, double*, double*) noexcept;
void sincosf(float, float*, float*) noexcept;
long lrint(double) noexcept;
long lrintf(float) noexcept;
long lround(double) noexcept;
long lroundf(float) noexcept;
int abs(int) noexcept;
long labs(long) noexcept;
long long llabs(long long) noexcept;
}
DWARF_INLINE float fma(float a, float b, float c) { return fmaf(a, b, c); }
DWARF_INLINE float pow(float x, int n) { return powf(x, (float)n); }
DWARF_INLINE double pow(double x, int n) { return pow(x, (double)n); }
DWARF_INLINE float ldexp(float x, int e) { return ldexpf(x, e); }
DWARF_INLINE long long abs(long long x) { return llabs(x); }
DWARF_INLINE long abs(long x) { return labs(x); }
DWARF_INLINE float abs(float x) { return fabsf(x); }
DWARF_INLINE double abs(double x) { return fabs(x); }
DWARF_INLINE float rsqrtf(float x) { return 1.0f / sqrtf(x); }
DWARF_INLINE double rsqrt(double x) { return 1.0 / sqrt(x); }
DWARF_INLINE float rsqrt(float x) { return rsqrtf(x); }
DWARF_INLINE float rcbrtf(float x) { return 1.0f / cbrtf(x); }
DWARF_INLINE double rcbrt(double x) { return 1.0 / cbrt(x); }
DWARF_INLINE float exp10f(float x) { return powf(10.0f, x); }
DWARF_INLINE double exp10(double x) { return pow(10.0, x); }
DWARF_INLINE float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678118654752f); }
DWARF_INLINE double normcdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
DWARF_INLINE float sinpif(float x) { return (float)sin(3.14159265358979323846 * x); }
DWARF_INLINE float cospif(float x) { return (float)cos(3.14159265358979323846 * x); }
DWARF_INLINE int isnan(float x) { return __builtin_isnan(x); }
DWARF_INLINE int isnan(double x) { return __builtin_isnan(x); }
DWARF_INLINE int isinf(float x) { return __builtin_isinf(x) != 0; }
DWARF_INLINE int isinf(double x) { return __builtin_isinf(x) != 0; }
DWARF_INLINE int isfinite(float x) { return __builtin_isfinite(x); }
DWARF_INLINE int isfinite(double x) { return __builtin_isfinite(x); }
DWARF_INLINE int signbit(float x) { return __builtin_signbit(x) != 0; }
DWARF_INLINE int signbit(double x) { return __builtin_signbit(x) != 0; }
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define CUDART_INF_F __builtin_inff()
#define CUDART_NAN_F __builtin_nanf("")
#define CUDART_INF __builtin_inf()
#define M_PI 3.14159265358979323846
#define M_SQRT1_2 0.70710678118654752440
#define M_SQRT2 1.41421356237309504880
#define M_E 2.7182818284590452354
#define FLT_MAX __FLT_MAX__
#define FLT_MIN __FLT_MIN__
#define FLT_EPSILON __FLT_EPSILON__
#define DBL_MAX __DBL_MAX__
#define DBL_MIN __DBL_MIN__
#define DBL_EPSILON __DBL_EPSILON__
#define INT_MAX __INT_MAX__
#define INT_MIN (-__INT_MAX__ - 1)
#define UINT_MAX (__INT_MAX__ * 2u + 1u)

#define DWARF_MINMAX(A, B, R)                                                                                                              \
    DWARF_INLINE R min(A a, B b) { return (R)a < (R)b ? (R)a : (R)b; }                                                                     \
    DWARF_INLINE R max(A a, B b) { return (R)a > (R)b ? (R)a : (R)b; }
DWARF_MINMAX(int, int, int)
DWARF_MINMAX(unsigned, unsigned, unsigned)
DWARF_MINMAX(int, unsigned, unsigned)
DWARF_MINMAX(unsigned, int, unsigned)
DWARF_MINMAX(long, long, long)
DWARF_MINMAX(unsigned long, unsigned long, unsigned long)
DWARF_MINMAX(long, unsigned long, unsigned long)
DWARF_MINMAX(unsigned long, long, unsigned long)
DWARF_MINMAX(long long, long long, long long)
DWARF_MINMAX(unsigned long long, unsigned long long, unsigned long long)
DWARF_MINMAX(long long, unsigned long long, unsigned long long)
DWARF_MINMAX(unsigned long long, long long, unsigned long long)
DWARF_INLINE float min(float a, float b) { return fminf(a, b); }
DWARF_INLINE float max(float a, float b) { return fmaxf(a, b); }
DWARF_INLINE double min(double a, double b) { return fmin(a, b); }
DWARF_INLINE double max(double a, double b) { return fmax(a, b); }
DWARF_INLINE double min(float a, double b) { return fmin((double)a, b); }
DWARF_INLINE double max(float a, double b) { return fmax((double)a, b); }
DWARF_INLINE double min(double a, float b) { return fmin(a, (double)b); }
DWARF_INLINE double max(double a, float b) { return fmax(a, (double)b); }

// intrinsics
DWARF_INLINE float __expf(float x) { return expf(x); }
DWARF_INLINE float __exp10f(float x) { return exp10f(x); }
DWARF_INLINE float __logf(float x) { return logf(x); }
DWARF_INLINE float __log2f(float x) { return log2f(x); }
DWARF_INLINE float __log10f(float x) { return log10f(x); }
DWARF_INLINE float __powf(float x, float y) { return powf(x, y); }
DWARF_INLINE float __sinf(float x) { return sinf(x); }
DWARF_INLINE float __cosf(float x) { return cosf(x); }
DWARF_INLINE float __tanf(float x) { return tanf(x); }
DWARF_INLINE void __sincosf(float x, float* s, float* c) { sincosf(x, s, c); }
DWARF_INLINE float __fdividef(float a, float b) { return a / b; }
DWARF_INLINE float fdividef(float a, float b) { return a / b; }
DWARF_INLINE float __saturatef(float x) { return x != x ? 0.0f : x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x; }
// Rounded on its own: the compiler must not contract it with what follows.
template <typename T> DWARF_INLINE T dwarf_rounded(T x)
{
    asm("" : "+x"(x));
    return x;
}
DWARF_INLINE float __fadd_rn(float a, float b) { return dwarf_rounded(a + b); }
DWARF_INLINE float __fsub_rn(float a, float b) { return dwarf_rounded(a - b); }
DWARF_INLINE float __fmul_rn(float a, float b) { return dwarf_rounded(a * b); }
DWARF_INLINE float __fdiv_rn(float a, float b) { return a / b; }
DWARF_INLINE float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
DWARF_INLINE float __frcp_rn(float x) { return 1.0f / x; }
DWARF_INLINE float __fsqrt_rn(float x) { return sqrtf(x); }
DWARF_INLINE float __frsqrt_rn(float x) { return (float)(1.0 / sqrt((double)x)); }
DWARF_INLINE double __dadd_rn(double a, double b) { return dwarf_rounded(a + b); }
DWARF_INLINE double __dsub_rn(double a, double b) { return dwarf_rounded(a - b); }
DWARF_INLINE double __dmul_rn(double a, double b) { return dwarf_rounded(a * b); }
DWARF_INLINE double __ddiv_rn(double a, double b) { return a / b; }
DWARF_INLINE double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
DWARF_INLINE double __drcp_rn(double x) { return 1.0 / x; }
DWARF_INLINE double __dsqrt_rn(double x) { return sqrt(x); }

template <typename To, typename From> DWARF_INLINE To dwarf_bit_cast(From from)
{
    static_assert(sizeof(To) == sizeof(From), "a cast of bits keeps their number");
    union { From from; To to; } both;
    both.from = from;
    return both.to;
}
DWARF_INLINE unsigned __float_as_uint(float x) { return dwarf_bit_cast<unsigned>(x); }
DWARF_INLINE int __float_as_int(float x) { return dwarf_bit_cast<int>(x); }
DWARF_INLINE float __uint_as_float(unsigned x) { return dwarf_bit_cast<float>(x); }
DWARF_INLINE float __int_as_float(int x) { return dwarf_bit_cast<float>(x); }
DWARF_INLINE long long __double_as_longlong(double x) { return dwarf_bit_cast<long long>(x); }
DWARF_INLINE double __longlong_as_double(long long x) { return dwarf_bit_cast<double>(x); }
DWARF_INLINE int __double2hiint(double x) { return (int)(__double_as_longlong(x) >> 32); }
DWARF_INLINE int __double2loint(double x) { return (int)__double_as_longlong(x); }
DWARF_INLINE double __hiloint2double(int high, int low) { return __longlong_as_double((long long)high << 32 | (unsigned)low); }

// A float outside an integer's range becomes its nearest end, NaN becomes 0, as cvt.sat does.
template <typename T> DWARF_INLINE T dwarf_to_integer(double x, double low, double high, T lowest, T highest)
{
    return x != x ? T(0) : x <= low ? lowest : x >= high ? highest : (T)x;
}
DWARF_INLINE int dwarf_to_int(double x) { return dwarf_to_integer<int>(x, -2147483648.0, 2147483647.0, INT_MIN, INT_MAX); }
DWARF_INLINE unsigned dwarf_to_uint(double x) { return dwarf_to_integer<unsigned>(x, 0.0, 4294967295.0, 0u, UINT_MAX); }
#define DWARF_CONVERT(mode, function)                                                                                                      \
    DWARF_INLINE int __float2int_##mode(float x) { return dwarf_to_int(function((double)x)); }                                             \
    DWARF_INLINE unsigned __float2uint_##mode(float x) { return dwarf_to_uint(function((double)x)); }                                      \
    DWARF_INLINE int __double2int_##mode(double x) { return dwarf_to_int(function(x)); }                                                   \
    DWARF_INLINE unsigned __double2uint_##mode(double x) { return dwarf_to_uint(function(x)); }                                            \
    DWARF_INLINE long long __float2ll_##mode(float x) { return (long long)function((double)x); }                                           \
    DWARF_INLINE long long __double2ll_##mode(double x) { return (long long)function(x); }
DWARF_CONVERT(rn, rint)
DWARF_CONVERT(rz, trunc)
DWARF_CONVERT(ru, ceil)
DWARF_CONVERT(rd, floor)
DWARF_INLINE float __int2float_rn(int x) { return (float)x; }
DWARF_INLINE float __uint2float_rn(unsigned x) { return (float)x; }
DWARF_INLINE float __ll2float_rn(long long x) { return (float)x; }
DWARF_INLINE float __ull2float_rn(unsigned long long x) { return (float)x; }
DWARF_INLINE double __int2double_rn(int x) { return (double)x; }
DWARF_INLINE double __uint2double_rn(unsigned x) { return (double)x; }
DWARF_INLINE double __ll2double_rn(long long x) { return (double)x; }
DWARF_INLINE float __double2float_rn(double x) { return (float)x; }

// bits
DWARF_INLINE int __popc(unsigned x) { return __builtin_popcount(x); }
DWARF_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
DWARF_INLINE int __clz(int x) { return x == 0 ? 32 : __builtin_clz((unsigned)x); }
DWARF_INLINE int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
DWARF_INLINE int __ffs(int x) { return __builtin_ffs(x); }
DWARF_INLINE int __ffsll(long long x) { return __builtin_ffsll(x); }
DWARF_INLINE unsigned __brev(unsigned x)
{
    x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
    x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
    x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(x);
}
DWARF_INLINE unsigned long long __brevll(unsigned long long x) { return (unsigned long long)__brev((unsigned)x) << 32 | __brev((unsigned)(x >> 32)); }
DWARF_INLINE int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
DWARF_INLINE unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
DWARF_INLINE long long __mul64hi(long long a, long long b) { return (long long)((__int128)a * b >> 64); }
DWARF_INLINE unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)((unsigned __int128)a * b >> 64); }
DWARF_INLINE int __dp4a(int a, int b, int sum)
{
    for (int i = 0; i < 32; i += 8) sum += (signed char)(a >> i) * (signed char)(b >> i);
    return sum;
}
DWARF_INLINE unsigned __dp4a(unsigned a, unsigned b, unsigned sum)
{
    for (int i = 0; i < 32; i += 8) sum += (a >> i & 255u) * (b >> i & 255u);
    return sum;
}
DWARF_INLINE int __mul24(int a, int b) { return (int)((unsigned)((a << 8) >> 8) * (unsigned)((b << 8) >> 8)); }
DWARF_INLINE unsigned __umul24(unsigned a, unsigned b) { return (a & 0xffffffu) * (b & 0xffffffu); }
DWARF_INLINE unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift)
{
    return (unsigned)(((unsigned long long)high << 32 | low) << (shift & 31) >> 32);
}
DWARF_INLINE unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) { return (unsigned)(((unsigned long long)high << 32 | low) >> (shift & 31)); }
DWARF_INLINE unsigned __byte_perm(unsigned x, unsigned y, unsigned selector)
{
    unsigned long long bytes = (unsigned long long)y << 32 | x;
    unsigned result = 0;
    for (int i = 0; i < 4; i++)
    {
        unsigned which = selector >> (4 * i) & 15u;
        unsigned byte = (unsigned)(bytes >> (8 * (which & 7u))) & 255u;
        if (which & 8u) byte = byte & 128u ? 255u : 0u;
        result |= byte << (8 * i);
    }
    return result;
}

// loads and stores with cache hints
template <typename T> DWARF_INLINE T __ldg(const T* address) { return *address; }
template <typename T> DWARF_INLINE T __ldca(const T* address) { return *address; }
template <typename T> DWARF_INLINE T __ldcg(const T* address) { return *address; }
template <typename T> DWARF_INLINE T __ldcs(const T* address) { return *address; }
template <typename T> DWARF_INLINE T __ldlu(const T* address) { return *address; }
template <typename T> DWARF_INLINE T __ldcv(const T* address) { return *address; }
template <typename T> DWARF_INLINE void __stwb(T* address, T value) { *address = value; }
template <typename T> DWARF_INLINE void __stcg(T* address, T value) { *address = value; }
template <typename T> DWARF_INLINE void __stcs(T* address, T value) { *address = value; }
template <typename T> DWARF_INLINE void __stwt(T* address, T value) { *address = value; }
