using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>NVIDIA's cuBLASLt, by its own names: products that finish with a bias. What is not called is not here.</summary>
internal static unsafe partial class CublasLt
{
    private const string Library = CudaLibraries.BlasLight;

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtCreate(nint* handle);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtDestroy(nint handle);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmulDescCreate(nint* description, cublasComputeType_t compute, cudaDataType scale);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmulDescDestroy(nint description);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmulDescSetAttribute(
        nint description, cublasLtMatmulDescAttributes_t attribute, void* value, nuint bytes);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatrixLayoutCreate(
        nint* layout, cudaDataType type, ulong rows, ulong columns, long leading);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatrixLayoutDestroy(nint layout);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmulPreferenceCreate(nint* preference);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmulPreferenceDestroy(nint preference);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmulPreferenceSetAttribute(
        nint preference, cublasLtMatmulPreferenceAttributes_t attribute, void* value, nuint bytes);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
        nint handle, nint description, nint a, nint b, nint c, nint d, nint preference, int wanted,
        cublasLtMatmulHeuristicResult_t* results, int* found);

    [LibraryImport(Library)]
    public static partial cublasStatus_t cublasLtMatmul(
        nint handle, nint description, void* alpha, void* a, nint aLayout, void* b, nint bLayout, void* beta, void* c, nint cLayout,
        void* d, nint dLayout, cublasLtMatmulAlgo_t* algorithm, void* workspace, nuint workspaceBytes, nint stream);
}

internal enum cublasLtMatmulDescAttributes_t
{
    CUBLASLT_MATMUL_DESC_TRANSA = 3,
    CUBLASLT_MATMUL_DESC_TRANSB = 4,
    CUBLASLT_MATMUL_DESC_EPILOGUE = 7,
    CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8,
}

internal enum cublasLtMatmulPreferenceAttributes_t
{
    CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7,
    CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8,
}

internal enum cublasLtEpilogue_t
{
    CUBLASLT_EPILOGUE_BIAS = 4,
}

/// <summary>An algorithm with its settings: opaque.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct cublasLtMatmulAlgo_t
{
    public fixed ulong data[8];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct cublasLtMatmulHeuristicResult_t
{
    public cublasLtMatmulAlgo_t algo;
    public nuint workspaceSize;
    public cublasStatus_t state;
    public float wavesCount;
    public fixed int reserved[4];
}
