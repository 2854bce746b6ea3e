// How operands are read: conversion to the type that sums run in, and packing into the panels that the micro-kernel walks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace gemm {

inline float from_bf16(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
}

inline uint16_t to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40u);
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float to_tf32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    if ((bits & 0x7f800000u) != 0x7f800000u) bits = (bits + 0x1000u) & ~0x1fffu;
    memcpy(&value, &bits, 4);
    return value;
}

template <typename T, typename R> T widen(R value) { return (T)value; }
template <> inline float widen<float, uint16_t>(uint16_t value) { return from_bf16(value); }
template <> inline double widen<double, uint16_t>(uint16_t value) { return from_bf16(value); }
template <typename T> void narrow(T value, float& to) { to = (float)value; }
template <typename T> void narrow(T value, double& to) { to = (double)value; }
template <typename T> void narrow(T value, uint16_t& to) { to = to_bf16((float)value); }

// How an element is read from memory.
struct ReadF32 { typedef float stored; static float get(float x) { return x; } };
struct ReadTf32 { typedef float stored; static float get(float x) { return to_tf32(x); } };
struct ReadF64 { typedef double stored; static double get(double x) { return x; } };
struct ReadBf16 { typedef uint16_t stored; static float get(uint16_t x) { return from_bf16(x); } };

// `used` of `width` vectors of `terms` elements, packed term by term; the rest is zero.
template <typename T, typename Read>
void pack(const void* source, long vector_step, long term_step, long used, long width, long terms, T* target)
{
    auto from = static_cast<const typename Read::stored*>(source);
    if (vector_step == 1)
    {
        for (long t = 0; t < terms; t++, target += width)
        {
            for (long v = 0; v < used; v++) target[v] = Read::get(from[t * term_step + v]);
            for (long v = used; v < width; v++) target[v] = 0;
        }
        return;
    }
    constexpr long BLOCK = 16;              // so that lines of the source are used up while they are near
    for (long begin = 0; begin < terms; begin += BLOCK)
    {
        long end = std::min(terms, begin + BLOCK);
        for (long v = 0; v < width; v++)
        {
            if (v < used)
                for (long t = begin; t < end; t++) target[t * width + v] = Read::get(from[v * vector_step + t * term_step]);
            else
                for (long t = begin; t < end; t++) target[t * width + v] = 0;
        }
    }
}

}
