// The entry points of cuBLAS that the engine calls. Products are queued on the handle's stream like kernels.
#include <cstddef>

#include "blas_call.h"
#include "driver.h"
#include "memory.h"

namespace
{

enum MathMode { TF32_TENSOR_OP_MATH = 3, MODE_BITS = 15 };

constexpr unsigned MAGIC = 0xb1a5b1a5;
constexpr int VERSION = 120000;

struct Handle
{
    unsigned magic = MAGIC;
    void* stream = nullptr;
    int math = 0;
};

bool valid(const Handle* handle) { return handle != nullptr && handle->magic == MAGIC; }

int queue(Handle* handle, const dwarf::BlasCall& call)
{
    if (!valid(handle)) return dwarf::BLAS_NOT_INITIALIZED;
    return dwarf::queue_product(call, (handle->math & MODE_BITS) == TF32_TENSOR_OP_MATH, handle->stream);
}

const char* name_of(int status)
{
    switch (status)
    {
        case dwarf::BLAS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case dwarf::BLAS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case dwarf::BLAS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
        case dwarf::BLAS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case dwarf::BLAS_ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
        case dwarf::BLAS_MAPPING_ERROR: return "CUBLAS_STATUS_MAPPING_ERROR";
        case dwarf::BLAS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case dwarf::BLAS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
        case dwarf::BLAS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "CUBLAS_STATUS_UNKNOWN";
    }
}

}

extern "C"
{

EXPORT int cublasCreate_v2(Handle** handle)
{
    COUNT();
    if (handle == nullptr) return dwarf::BLAS_INVALID_VALUE;
    if (dwarf::refusal() != 0) return dwarf::BLAS_NOT_INITIALIZED;
    *handle = new Handle;
    return dwarf::BLAS_SUCCESS;
}

EXPORT int cublasDestroy_v2(Handle* handle)
{
    COUNT();
    if (!valid(handle)) return dwarf::BLAS_NOT_INITIALIZED;
    handle->magic = 0;
    delete handle;
    return dwarf::BLAS_SUCCESS;
}

EXPORT int cublasGetVersion_v2(Handle* handle, int* version)
{
    COUNT();
    if (!valid(handle)) return dwarf::BLAS_NOT_INITIALIZED;
    if (version == nullptr) return dwarf::BLAS_INVALID_VALUE;
    *version = VERSION;
    return dwarf::BLAS_SUCCESS;
}

EXPORT const char* cublasGetStatusName(int status) { return name_of(status); }

EXPORT const char* cublasGetStatusString(int status) { return name_of(status); }

EXPORT int cublasSetStream_v2(Handle* handle, void* stream)
{
    COUNT();
    if (!valid(handle)) return dwarf::BLAS_NOT_INITIALIZED;
    handle->stream = stream;
    return dwarf::BLAS_SUCCESS;
}

// Products here need no workspace; one outside all allocations is refused all the same, as a GPU would write there.
EXPORT int cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t bytes)
{
    COUNT();
    if (!valid(handle)) return dwarf::BLAS_NOT_INITIALIZED;
    return dwarf::may_access(workspace, bytes) ? dwarf::BLAS_SUCCESS : dwarf::BLAS_INVALID_VALUE;
}

EXPORT int cublasSetMathMode(Handle* handle, int mode)
{
    COUNT();
    if (!valid(handle)) return dwarf::BLAS_NOT_INITIALIZED;
    handle->math = mode;
    return dwarf::BLAS_SUCCESS;
}

EXPORT int cublasGemmStridedBatchedEx(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k, const void* alpha, const void* a,
    int a_type, int lda, long long stride_a, const void* b, int b_type, int ldb, long long stride_b, const void* beta, void* c, int c_type,
    int ldc, long long stride_c, int batch, int compute, int)
{
    COUNT();
    dwarf::BlasCall call;
    call.transpose_a = transpose_a;
    call.transpose_b = transpose_b;
    call.m = m;
    call.n = n;
    call.k = k;
    call.batch = batch;
    call.alpha = alpha;
    call.a = a;
    call.a_type = a_type;
    call.lda = lda;
    call.stride_a = stride_a;
    call.b = b;
    call.b_type = b_type;
    call.ldb = ldb;
    call.stride_b = stride_b;
    call.beta = beta;
    call.c = c;
    call.c_type = c_type;
    call.ldc = ldc;
    call.stride_c = stride_c;
    call.compute = compute;
    return queue(handle, call);
}

EXPORT int cublasGemmEx(Handle* handle, int transpose_a, int transpose_b, int m, int n, int k, const void* alpha, const void* a, int a_type,
    int lda, const void* b, int b_type, int ldb, const void* beta, void* c, int c_type, int ldc, int compute, int algorithm)
{
    COUNT();
    return cublasGemmStridedBatchedEx(handle, transpose_a, transpose_b, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta, c, c_type,
        ldc, 0, 1, compute, algorithm);
}

}
