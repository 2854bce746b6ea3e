// Matrix products on the host, as the emulated cuBLAS needs them. Knows nothing of CUDA: strides, element types, a team of threads.
#pragma once

namespace gemm {

enum class Element { F32, F64, BF16 };

inline long size_of(Element type) { return type == Element::F64 ? 8 : type == Element::F32 ? 4 : 2; }

// result[r][c] = alpha * sum over t of left[r][t] * right[t][c] + beta * result[r][c] (+ bias[c]). Distances are in elements. With beta = 0
// the result is not read. Sums run in float (double for F64), one term after the other in the order of t: no bit depends on threads or sizes.
struct Problem
{
    Element operands = Element::F32, result_type = Element::F32;
    long rows = 0, columns = 0, terms = 0;
    const void* left = nullptr;
    long left_row = 0, left_term = 0;
    const void* right = nullptr;
    long right_term = 0, right_column = 0;
    void* result = nullptr;
    long result_row = 0;            // the result's columns lie side by side
    double alpha = 1, beta = 0;
    const void* bias = nullptr;     // one value a column in the result's type, added to every row before it is rounded
    bool tf32 = false;              // F32 operands are rounded to 10 bits of mantissa first, as tensor cores read them
    long batch = 1;
    long left_item = 0, right_item = 0, result_item = 0;
};

// Runs body(context, i) for every i in [0, count), in any order, on any threads, and returns when all are done.
struct Team
{
    virtual ~Team() = default;
    virtual int threads() const = 0;
    virtual void run(long count, void (*body)(void* context, long index), void* context) = 0;
};

void multiply(const Problem& problem, Team& team);

}
