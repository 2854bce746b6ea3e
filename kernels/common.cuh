// What all kernels share: element types, conversions, 16-byte packs, warp and block reductions.
// One .cu file serves all dtypes: it is compiled once for each, with DTYPE_F32, DTYPE_F64 or DTYPE_BF16 defined.
//   scalar   what lies in memory: float, double, bf16
//   accum    what sums and statistics run in: float for f32 and bf16, double for f64
//   S, A     their sizes in bytes, as kernel headers use them
#pragma once

// The upper half of a float. Storage only: read by to_accum, written (rounded to nearest even) by from_accum.
struct __align__(2) bf16
{
    unsigned short bits;
};

#if defined(DTYPE_F64)
typedef double scalar;
typedef double accum;
#elif defined(DTYPE_BF16)
typedef bf16 scalar;
typedef float accum;
#else
typedef float scalar;
typedef float accum;
#endif

__device__ __forceinline__ float to_accum(float x) { return x; }
__device__ __forceinline__ double to_accum(double x) { return x; }
__device__ __forceinline__ float to_accum(bf16 x) { return __uint_as_float((unsigned)x.bits << 16); }

__device__ __forceinline__ unsigned short bf16_bits(float x)
{
    unsigned bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (unsigned short)((bits >> 16) | 0x40u);  // NaN stays NaN
    return (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template <typename T> __device__ __forceinline__ T from_accum(accum x);
#if !defined(DTYPE_F64)
template <> __device__ __forceinline__ float from_accum<float>(float x) { return x; }
template <> __device__ __forceinline__ bf16 from_accum<bf16>(float x)
{
    bf16 result;
    result.bits = bf16_bits(x);
    return result;
}
#else
template <> __device__ __forceinline__ double from_accum<double>(double x) { return x; }
#endif

__device__ __forceinline__ scalar to_scalar(accum x) { return from_accum<scalar>(x); }

// 16 bytes at once. The address must be a multiple of 16: a kernel checks that its row length is a multiple of PACK.
struct __align__(16) bytes16
{
    unsigned x, y, z, w;
};

#if !defined(DWARF_EMULATED)   // the emulator brings its own, so that it counts one access of 16 bytes
__device__ __forceinline__ bytes16 load16(const void* address) { return *reinterpret_cast<const bytes16*>(address); }
__device__ __forceinline__ void store16(void* address, bytes16 value) { *reinterpret_cast<bytes16*>(address) = value; }
#endif

// Elements in 16 bytes: 4 of f32, 8 of bf16, 2 of f64.
constexpr int PACK = 16 / (int)sizeof(scalar);

struct pack
{
    accum at[PACK];
};

__device__ __forceinline__ pack load_pack(const scalar* address)
{
    union { bytes16 raw; scalar at[PACK]; } memory;
    memory.raw = load16(address);
    pack result;
#pragma unroll
    for (int i = 0; i < PACK; i++) result.at[i] = to_accum(memory.at[i]);
    return result;
}

__device__ __forceinline__ void store_pack(scalar* address, const pack& value)
{
    union { bytes16 raw; scalar at[PACK]; } memory;
#pragma unroll
    for (int i = 0; i < PACK; i++) memory.at[i] = to_scalar(value.at[i]);
    store16(address, memory.raw);
}

constexpr unsigned FULL_WARP = 0xffffffffu;

__device__ __forceinline__ accum infinity() { return __uint_as_float(0x7f800000u); }

// The sum over a whole warp, in every lane, always in the same order.
__device__ __forceinline__ accum warp_sum(accum x)
{
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) x += __shfl_xor_sync(FULL_WARP, x, step);
    return x;
}

// The maximum over a whole warp, in every lane; NaN wins, so that no error is swallowed.
__device__ __forceinline__ accum max_or_nan(accum a, accum b) { return (a > b || a != a) ? a : b; }

__device__ __forceinline__ accum warp_max(accum x)
{
#pragma unroll
    for (int step = 16; step > 0; step >>= 1) x = max_or_nan(x, __shfl_xor_sync(FULL_WARP, x, step));
    return x;
}

// The sum over a block of whole warps (at most 32), in every thread. `scratch` is shared memory for 32 sums; it may be used again after a
// __syncthreads of the caller's.
__device__ __forceinline__ accum block_sum(accum x, accum* scratch)
{
    int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, warps = blockDim.x >> 5;
    x = warp_sum(x);
    if (lane == 0) scratch[warp] = x;
    __syncthreads();
    x = lane < warps ? scratch[lane] : accum(0);
    return warp_sum(x);
}
