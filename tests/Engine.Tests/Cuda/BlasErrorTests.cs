using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Cuda;

public sealed class BlasErrorTests
{
    [Theory]
    [InlineData((int)cublasStatus_t.CUBLAS_STATUS_ALLOC_FAILED, ErrorKind.Unavailable, "CUBLAS_STATUS_ALLOC_FAILED")]
    [InlineData((int)cublasStatus_t.CUBLAS_STATUS_NOT_INITIALIZED, ErrorKind.Unavailable, "CUBLAS_STATUS_NOT_INITIALIZED")]
    [InlineData((int)cublasStatus_t.CUBLAS_STATUS_ARCH_MISMATCH, ErrorKind.Unavailable, "CUBLAS_STATUS_ARCH_MISMATCH")]
    [InlineData((int)cublasStatus_t.CUBLAS_STATUS_EXECUTION_FAILED, ErrorKind.Internal, "CUBLAS_STATUS_EXECUTION_FAILED")]
    [InlineData((int)cublasStatus_t.CUBLAS_STATUS_INVALID_VALUE, ErrorKind.Internal, "CUBLAS_STATUS_INVALID_VALUE")]
    [InlineData(99, ErrorKind.Internal, "cuBLAS status 99")]
    public void A_status_is_one_line_with_operation_sizes_device_and_its_name(int status, ErrorKind kind, string name)
    {
        var error = Blas.Failure((cublasStatus_t)status, "cuda:0 (sm_90)", $"{Blas.What(DType.BF16, 2, 3, 4, 5)}{Blas.Transposed(true, false)}");
        Assert.Equal(kind, error.Kind);
        Assert.Equal($"matrix product 2x3x4 bf16, batch 5, a transposed on cuda:0 (sm_90): {name}", error.Message);
    }

    [Fact]
    public void Integers_have_no_matrix_products()
        => Assert.Equal("matrix products take f32, f64 or bf16, found i64", Assert.Throws<DTypeException>(() => Blas.TypeOf(DType.I64)).Message);
}
