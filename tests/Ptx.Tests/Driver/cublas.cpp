// cuBLAS as far as Engine.Kernels calls it: column-major products by three plain loops, sums in double.
#include <cstdint>
#include <cstring>

#define API extern "C" __attribute__((visibility("default")))

bool ptx_holds(const void* address, uint64_t bytes);

namespace
{
constexpr int OK = 0, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15, R_32F = 0, R_64F = 1, R_16BF = 14, COMPUTE_64F = 70;

double load(const void* from, int type, int64_t at)
{
    if (type == R_64F) return ((const double*)from)[at];
    if (type == R_32F) return ((const float*)from)[at];
    uint32_t bits = (uint32_t)((const uint16_t*)from)[at] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

void store(void* to, int type, int64_t at, double value)
{
    if (type == R_64F) ((double*)to)[at] = value;
    if (type == R_32F) ((float*)to)[at] = (float)value;
    if (type != R_16BF) return;
    float narrow = (float)value;
    uint32_t bits;
    memcpy(&bits, &narrow, 4);
    ((uint16_t*)to)[at] = value != value ? 0x7fff : (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

bool known(int type) { return type == R_32F || type == R_64F || type == R_16BF; }

// Whether a batch of column-major matrices lies in one piece of memory.
bool inside(const void* at, int type, int64_t rows, int64_t columns, int64_t leading, int64_t stride, int64_t batch)
{
    int64_t last = (batch - 1) * stride + (columns - 1) * leading + rows - 1;
    return rows == 0 || columns == 0 || batch == 0 || ptx_holds(at, (uint64_t)(last + 1) * (type == R_64F ? 8 : type == R_32F ? 4 : 2));
}

double scale(const void* at, int compute) { return compute == COMPUTE_64F ? *(const double*)at : *(const float*)at; }
}

API int cublasCreate_v2(void** handle) { return *handle = (void*)1, OK; }
API int cublasDestroy_v2(void*) { return OK; }
API int cublasGetVersion_v2(void*, int* version) { return *version = 120400, OK; }
API int cublasSetStream_v2(void*, void*) { return OK; }
API int cublasSetWorkspace_v2(void*, void*, size_t) { return OK; }
API int cublasSetMathMode(void*, int) { return OK; }

API int cublasGemmStridedBatchedEx(void*, int transa, int transb, int m, int n, int k, const void* alpha, const void* a, int atype, int lda,
    long long strideA, const void* b, int btype, int ldb, long long strideB, const void* beta, void* c, int ctype, int ldc,
    long long strideC, int batch, int compute, int)
{
    if (!known(atype) || !known(btype) || !known(ctype)) return NOT_SUPPORTED;
    if (!inside(a, atype, transa ? k : m, transa ? m : k, lda, strideA, batch) || !inside(c, ctype, m, n, ldc, strideC, batch) ||
        !inside(b, btype, transb ? n : k, transb ? k : n, ldb, strideB, batch))
    {
        return EXECUTION_FAILED;
    }
    double by = scale(alpha, compute), old = scale(beta, compute);
    for (int64_t item = 0; item < batch; item++)
    {
        for (int64_t column = 0; column < n; column++)
        {
            for (int64_t row = 0; row < m; row++)
            {
                double sum = 0;
                for (int64_t i = 0; i < k; i++)
                {
                    int64_t left = transa ? i + row * lda : row + i * lda, right = transb ? column + i * ldb : i + column * ldb;
                    sum += load(a, atype, item * strideA + left) * load(b, btype, item * strideB + right);
                }
                int64_t at = item * strideC + row + column * ldc;
                store(c, ctype, at, by * sum + (old == 0 ? 0 : old * load(c, ctype, at)));
            }
        }
    }
    return OK;
}

API int cublasGemmEx(void* handle, int transa, int transb, int m, int n, int k, const void* alpha, const void* a, int atype, int lda,
    const void* b, int btype, int ldb, const void* beta, void* c, int ctype, int ldc, int compute, int algorithm)
{
    return cublasGemmStridedBatchedEx(handle, transa, transb, m, n, k, alpha, a, atype, lda, 0, b, btype, ldb, 0, beta, c, ctype, ldc, 0,
        1, compute, algorithm);
}

// cuBLASLt: a product with a bias. Row r of the column-major result gets bias[r].
namespace
{
struct Description
{
    int64_t attributes[16];
};

struct Layout
{
    int type;
    int64_t rows, columns, leading;
};
constexpr int TRANSA = 3, TRANSB = 4, EPILOGUE = 7, BIAS_POINTER = 8, EPILOGUE_BIAS = 4;
}

API int cublasLtCreate(void** handle) { return *handle = (void*)1, OK; }
API int cublasLtDestroy(void*) { return OK; }
API int cublasLtMatmulDescCreate(void** description, int, int) { return *description = new Description{}, OK; }
API int cublasLtMatmulDescDestroy(void* description) { return delete (Description*)description, OK; }
API int cublasLtMatmulDescSetAttribute(void* description, int attribute, const void* value, size_t bytes)
{
    if (attribute > 15 || bytes > 8) return NOT_SUPPORTED;
    return memcpy(&((Description*)description)->attributes[attribute], value, bytes), OK;
}
API int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t leading)
{
    return *layout = new Layout{type, (int64_t)rows, (int64_t)columns, leading}, OK;
}
API int cublasLtMatrixLayoutDestroy(void* layout) { return delete (Layout*)layout, OK; }
API int cublasLtMatmulPreferenceCreate(void** preference) { return *preference = (void*)1, OK; }
API int cublasLtMatmulPreferenceDestroy(void*) { return OK; }
API int cublasLtMatmulPreferenceSetAttribute(void*, int, const void*, size_t) { return OK; }
API int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*, void*, void*, void*, int, void*, int* found) { return *found = 1, OK; }
API int cublasLtMatmul(void*, void* description, const void* alpha, const void* a, void* aLayout, const void* b, void* bLayout,
    const void* beta, const void*, void*, void* d, void* dLayout, const void*, void*, size_t, void*)
{
    auto* settings = ((Description*)description)->attributes;
    auto *left = (Layout*)aLayout, *right = (Layout*)bLayout, *out = (Layout*)dLayout;
    int64_t k = settings[TRANSA] ? left->rows : left->columns;
    int status = cublasGemmStridedBatchedEx(nullptr, (int)settings[TRANSA], (int)settings[TRANSB], (int)out->rows, (int)out->columns,
        (int)k, alpha, a, left->type, (int)left->leading, 0, b, right->type, (int)right->leading, 0, beta, d, out->type,
        (int)out->leading, 0, 1, 0, 0);
    if (status != OK || settings[EPILOGUE] != EPILOGUE_BIAS) return status;
    const void* bias = (const void*)settings[BIAS_POINTER];
    if (!inside(bias, out->type, out->rows, 1, out->rows, 0, 1)) return EXECUTION_FAILED;
    for (int64_t column = 0; column < out->columns; column++)
    {
        for (int64_t row = 0; row < out->rows; row++)
        {
            int64_t at = row + column * out->leading;
            store(d, out->type, at, load(d, out->type, at) + load(bias, out->type, row));
        }
    }
    return OK;
}
