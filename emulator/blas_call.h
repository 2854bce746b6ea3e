// One matrix product as cuBLAS and cuBLASLt are asked for it: sizes and operands column by column. Queued on a stream, run by the workers.
#pragma once
#include "gemm.h"

namespace dwarf
{

enum BlasStatus
{
    BLAS_SUCCESS = 0, BLAS_NOT_INITIALIZED = 1, BLAS_ALLOC_FAILED = 3, BLAS_INVALID_VALUE = 7, BLAS_ARCH_MISMATCH = 8, BLAS_MAPPING_ERROR = 11,
    BLAS_EXECUTION_FAILED = 13, BLAS_INTERNAL_ERROR = 14, BLAS_NOT_SUPPORTED = 15,
};

enum BlasCompute { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, COMPUTE_64F = 70, COMPUTE_64F_PEDANTIC = 71, COMPUTE_32F_FAST_TF32 = 77 };

// C (m x n) = alpha * op(A) * op(B) + beta * C, with types of cudaDataType and scalars of the type that sums run in.
struct BlasCall
{
    int transpose_a = 0, transpose_b = 0;   // cublasOperation_t
    long m = 0, n = 0, k = 0, batch = 1;
    const void* alpha = nullptr;
    const void* a = nullptr;
    int a_type = 0;
    long lda = 0, stride_a = 0;
    const void* b = nullptr;
    int b_type = 0;
    long ldb = 0, stride_b = 0;
    const void* beta = nullptr;
    void* c = nullptr;
    int c_type = 0;
    long ldc = 0, stride_c = 0;
    int compute = 0;
    const void* bias = nullptr;             // m values, added to every column
};

// Checks sizes and types and queues the product; alpha and beta are read at once. `tf32`: the handle's mode allows it for f32.
int queue_product(const BlasCall& call, bool tf32, void* stream);

}
