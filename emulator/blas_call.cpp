#include "blas_call.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "fault.h"
#include "hooks.h"
#include "memory.h"
#include "pool.h"
#include "stream.h"

namespace dwarf
{

namespace
{

struct Workers : gemm::Team
{
    int threads() const override { return worker_count(); }
    void run(long count, void (*body)(void*, long), void* context) override
    {
        parallel_for(count, [=](int64_t index) { body(context, (long)index); });
    }
};

bool element_of(int type, gemm::Element& element)
{
    switch (type)
    {
        case 0: element = gemm::Element::F32; return true;
        case 1: element = gemm::Element::F64; return true;
        case 14: element = gemm::Element::BF16; return true;
        default: return false;
    }
}

// Does a matrix of `rows` x `columns`, stored column by column, lie inside its allocation, with all items of its batch?
bool inside(const void* matrix, long rows, long columns, long leading, long item, long batch, long size)
{
    long first = (batch - 1) * std::min(item, 0L), last = (batch - 1) * std::max(item, 0L) + (columns - 1) * leading + rows;
    return may_access(static_cast<const char*>(matrix) + first * size, (size_t)((last - first) * size));
}

// What lies outside its allocation; null where nothing does.
const char* outside(const gemm::Problem& p, long k)
{
    long in = gemm::size_of(p.operands), out = gemm::size_of(p.result_type), m = p.columns, n = p.rows;
    if (!inside(p.result, m, n, p.result_row, p.result_item, p.batch, out)) return "the result";
    if (p.bias != nullptr && !may_access(p.bias, (size_t)(m * out))) return "the bias";
    if (k == 0) return nullptr;
    bool transpose_a = p.right_term == 1, transpose_b = p.left_row == 1;
    long lda = transpose_a ? p.right_column : p.right_term, ldb = transpose_b ? p.left_term : p.left_row;
    if (!inside(p.right, transpose_a ? k : m, transpose_a ? m : k, lda, p.right_item, p.batch, in)) return "the first operand";
    if (!inside(p.left, transpose_b ? n : k, transpose_b ? k : n, ldb, p.left_item, p.batch, in)) return "the second operand";
    return nullptr;
}

// In the stream's order. CUresult.
int run_product(const gemm::Problem& p)
{
    if (const char* which = outside(p, p.terms))
    {
            char text[200];
        snprintf(text, sizeof text, "matrix product of %ld x %ld x %ld, batch %ld: %s lies outside its allocation", p.columns, p.rows,
            p.terms, p.batch, which);
        record_fault(nullptr, CUDA_ERROR_ILLEGAL_ADDRESS, "illegal-address", text, "", 0, nullptr);
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    }
    Workers workers;
    gemm::multiply(p, workers);
    if (hooks.filled)
    {
        char* result = static_cast<char*>(p.result);
        long size = gemm::size_of(p.result_type);
        for (long item = 0; item < p.batch; item++)
            for (long row = 0; row < p.rows; row++)
                hooks.filled(result + (item * p.result_item + row * p.result_row) * size, size_t(p.columns * size));
    }
    return 0;
}

}

int queue_product(const BlasCall& call, bool tf32, void* stream)
{
    if (call.m < 0 || call.n < 0 || call.k < 0 || call.batch < 0 || call.transpose_a < 0 || call.transpose_a > 2 || call.transpose_b < 0
        || call.transpose_b > 2 || call.alpha == nullptr || call.beta == nullptr)
        return BLAS_INVALID_VALUE;
    bool transpose_a = call.transpose_a != 0, transpose_b = call.transpose_b != 0;
    if (call.lda < std::max(1L, transpose_a ? call.k : call.m) || call.ldb < std::max(1L, transpose_b ? call.n : call.k)
        || call.ldc < std::max(1L, call.m))
        return BLAS_INVALID_VALUE;
    gemm::Problem p;
    if (!element_of(call.a_type, p.operands) || !element_of(call.c_type, p.result_type) || call.a_type != call.b_type)
        return BLAS_NOT_SUPPORTED;
    bool wide = call.compute == COMPUTE_64F || call.compute == COMPUTE_64F_PEDANTIC;
    bool single = call.compute == COMPUTE_32F || call.compute == COMPUTE_32F_PEDANTIC || call.compute == COMPUTE_32F_FAST_TF32;
    bool same = p.operands == p.result_type, narrow = p.operands == gemm::Element::BF16 && p.result_type == gemm::Element::F32;
    if (wide ? !(same && p.operands == gemm::Element::F64) : !(single && (same || narrow) && p.operands != gemm::Element::F64))
        return BLAS_NOT_SUPPORTED;
    p.alpha = wide ? *static_cast<const double*>(call.alpha) : *static_cast<const float*>(call.alpha);
    p.beta = wide ? *static_cast<const double*>(call.beta) : *static_cast<const float*>(call.beta);
    p.tf32 = call.compute == COMPUTE_32F_FAST_TF32 || (tf32 && call.compute == COMPUTE_32F);

    // Memory that holds C column by column holds, row by row, C^T (n x m) = op(B)^T * op(A)^T: B gives the left operand, A the right one.
    p.rows = call.n;
    p.columns = call.m;
    p.terms = p.alpha == 0 ? 0 : call.k;
    p.batch = call.batch;
    p.left = call.b;
    p.left_row = transpose_b ? 1 : call.ldb;
    p.left_term = transpose_b ? call.ldb : 1;
    p.left_item = call.stride_b;
    p.right = call.a;
    p.right_term = transpose_a ? 1 : call.lda;
    p.right_column = transpose_a ? call.lda : 1;
    p.right_item = call.stride_a;
    p.result = call.c;
    p.result_row = call.ldc;
    p.result_item = call.stride_c;
    p.bias = call.bias;
    if (refusal() != 0) return BLAS_EXECUTION_FAILED;
    if (p.rows == 0 || p.columns == 0 || p.batch == 0) return BLAS_SUCCESS;
    return enqueue_host(stream, [p] { return run_product(p); }) == 0 ? BLAS_SUCCESS : BLAS_EXECUTION_FAILED;
}

}
