// Functions that several operators share, at full accuracy: expf, erff and their like, never the fast forms.
#pragma once
#include "common.cuh"

// x * Phi(x), exact. Hendrycks and Gimpel 2016, arXiv:1606.08415. Beyond 40 standard deviations Phi is 0 or 1 and phi 0 in every type, so
// infinities never meet a zero. NaN stays NaN.
__device__ __forceinline__ accum gelu(accum x)
{
    x = x < accum(-40) ? accum(-40) : x;
    return accum(0.5) * x * (accum(1) + erf(x * accum(0.70710678118654752440)));
}

// Phi(x) + x * phi(x), phi the normal density.
__device__ __forceinline__ accum gelu_slope(accum x)
{
    x = x < accum(-40) ? accum(-40) : x > accum(40) ? accum(40) : x;
    accum below = accum(0.5) * (accum(1) + erf(x * accum(0.70710678118654752440)));
    return below + x * accum(0.39894228040143267794) * exp(accum(-0.5) * x * x);
}

__device__ __forceinline__ accum sigmoid(accum x) { return accum(1) / (accum(1) + exp(-x)); }

// NaN stays NaN.
__device__ __forceinline__ accum relu(accum x) { return x < accum(0) ? accum(0) : x; }
