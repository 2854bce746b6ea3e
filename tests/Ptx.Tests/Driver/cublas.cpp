// cuBLAS as far as Engine.Kernels calls it: column-major products by three plain loops, sums in double.
#include <cstdint>
#include <cstring>

#define API extern "C" __attribute__((visibility("default")))

namespace
{
constexpr int OK = 0, NOT_SUPPORTED = 15, R_32F = 0, R_64F = 1, R_16BF = 14, COMPUTE_64F = 70;

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

double scale(const void* at, int compute) { return compute == COMPUTE_64F ? *(const double*)at : *(const float*)at; }
}

API int cublasCreate_v2(void** handle) { return *handle = (void*)1, OK; }
API int cublasDestroy_v2(void*) { return OK; }
API int cublasGetVersion_v2(void*, int* version) { return *version = 120400, OK; }
API int cublasSetStream_v2(void*, void*) { return OK; }
API int cublasSetWorkspace_v2(void*, void*, size_t) { return OK; }
API int cublasSetMathMode(void*, int) { return OK; }

API int cublasGemmStridedBatchedEx(void*, int transa, int transb, int m, int n, int k, const void* alpha, const void* a, int atype, int lda,
                                   long long strideA, const void* b, int btype, int ldb, long long strideB, const void* beta, void* c, int ctype,
                                   int ldc, long long strideC, int batch, int compute, int)
{
    if (!known(atype) || !known(btype) || !known(ctype)) return NOT_SUPPORTED;
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

API int cublasGemmEx(void* handle, int transa, int transb, int m, int n, int k, const void* alpha, const void* a, int atype, int lda, const void* b,
                     int btype, int ldb, const void* beta, void* c, int ctype, int ldc, int compute, int algorithm)
{
    return cublasGemmStridedBatchedEx(handle, transa, transb, m, n, k, alpha, a, atype, lda, 0, b, btype, ldb, 0, beta, c, ctype, ldc, 0, 1, compute,
                                      algorithm);
}
