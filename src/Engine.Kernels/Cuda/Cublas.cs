using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>NVIDIA's cuBLAS, by its own names; what is not called is not here. Matrices lie column by column there.</summary>
internal static unsafe partial class Cublas
{
    private const string Library = CudaLibraries.Blas;

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasCreate_v2(nint* handle);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasDestroy_v2(nint handle);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasGetVersion_v2(nint handle, int* version);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasSetStream_v2(nint handle, nint stream);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasSetWorkspace_v2(nint handle, void* workspace, nuint bytes);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasSetMathMode(nint handle, cublasMath_t mode);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasGemmEx(
        nint handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k, void* alpha, void* a, cudaDataType atype,
        int lda, void* b, cudaDataType btype, int ldb, void* beta, void* c, cudaDataType ctype, int ldc, cublasComputeType_t compute, int algorithm);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasGemmStridedBatchedEx(
        nint handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k, void* alpha, void* a, cudaDataType atype,
        int lda, long strideA, void* b, cudaDataType btype, int ldb, long strideB, void* beta, void* c, cudaDataType ctype, int ldc, long strideC,
        int batchCount, cublasComputeType_t compute, int algorithm);
}

/// <summary>The whole list: a status is shown by its name.</summary>
internal enum cublasStatus_t
{
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_INITIALIZED = 1,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_ARCH_MISMATCH = 8,
    CUBLAS_STATUS_MAPPING_ERROR = 11,
    CUBLAS_STATUS_EXECUTION_FAILED = 13,
    CUBLAS_STATUS_INTERNAL_ERROR = 14,
    CUBLAS_STATUS_NOT_SUPPORTED = 15,
    CUBLAS_STATUS_LICENSE_ERROR = 16,
}

internal enum cublasOperation_t
{
    CUBLAS_OP_N = 0,
    CUBLAS_OP_T = 1,
}

internal enum cudaDataType
{
    CUDA_R_32F = 0,
    CUDA_R_64F = 1,
    CUDA_R_16BF = 14,
}

internal enum cublasComputeType_t
{
    CUBLAS_COMPUTE_32F = 68,
    CUBLAS_COMPUTE_64F = 70,
    CUBLAS_COMPUTE_32F_FAST_TF32 = 77,
}

[Flags]
internal enum cublasMath_t
{
    CUBLAS_DEFAULT_MATH = 0,

    /// <summary>Partial sums of bf16 products are added in f32, not in bf16.</summary>
    CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION = 16,
}
