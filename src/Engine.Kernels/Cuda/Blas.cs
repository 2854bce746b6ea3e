using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Matrix products of a CUDA device: row-major, strided, batched, queued on its compute stream. None allocates or waits.</summary>
/// <remarks>
/// Sums run in f32 for f32 and bf16 and in f64 for f64; tf32 only where <see cref="Tf32"/> says so. The workspace is ours, so that calls
/// can be captured into a graph and repeat to the same bits.
/// </remarks>
public sealed unsafe class Blas : IDisposable
{
    /// <summary>What NVIDIA recommends for its newest devices.</summary>
    private const long WorkspaceBytes = 32L << 20;

    private const int DefaultAlgorithm = -1;

    private readonly CudaDevice _device;
    private readonly CublasHandle _handle;
    private readonly MemoryBlock _workspace;
    private BlasBias? _bias;

    internal Blas(CudaDevice device)
    {
        CudaLibraries.Load(CudaLibraries.Blas);
        _device = device;
        _handle = new CublasHandle(device.Context, device.FullName);
        try
        {
            _workspace = device.Memory.Allocate(WorkspaceBytes);
            int version = 0;
            Check(Cublas.cublasGetVersion_v2(_handle.Value, &version), "asking cuBLAS for its version");
            Version = version;
            Check(Cublas.cublasSetStream_v2(_handle.Value, device.ComputeStream), "giving cuBLAS its stream");
            Check(Cublas.cublasSetWorkspace_v2(_handle.Value, _workspace.Pointer, (nuint)WorkspaceBytes), "giving cuBLAS its workspace");
            Check(
                Cublas.cublasSetMathMode(_handle.Value, cublasMath_t.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION),
                "setting cuBLAS's precision");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The library's version: 120403 is 12.4.3.</summary>
    public int Version { get; }

    /// <summary>Products queued so far; those recorded into a graph count once, its replays do not.</summary>
    public long Calls { get; private set; }

    /// <summary>Whether f32 products may round their operands to tf32 (10 bits of mantissa) for tensor cores; off unless asked for.</summary>
    public bool Tf32 { get; set; }

    /// <summary>
    /// C = op(A)·op(B) (+ C) for each item of a batch. A is stored [m, k], or [k, m] where transposed; B [k, n], or [n, k]; C [m, n].
    /// A leading dimension is the distance between rows as stored, a stride that between items, both in elements; a stride of 0 uses one
    /// matrix for all items (never for C).
    /// </summary>
    /// <param name="dtype">f32, f64 or bf16 (bf16 sums in f32 and rounds once)</param>
    /// <param name="transposeA">A is stored [k, m]</param>
    /// <param name="transposeB">B is stored [n, k]</param>
    /// <param name="m">rows of C; 0: nothing is done</param>
    /// <param name="n">columns of C; 0: nothing is done</param>
    /// <param name="k">length of the sums; 0: zeros, or C where beta is 1</param>
    /// <param name="a">address of A on the device</param>
    /// <param name="lda">distance between rows of A as stored</param>
    /// <param name="strideA">distance between items of A</param>
    /// <param name="b">address of B on the device</param>
    /// <param name="ldb">distance between rows of B as stored</param>
    /// <param name="strideB">distance between items of B</param>
    /// <param name="c">address of C on the device</param>
    /// <param name="ldc">distance between rows of C</param>
    /// <param name="strideC">distance between items of C</param>
    /// <param name="batch">number of items; 0: nothing is done</param>
    /// <param name="beta">0: C is overwritten, 1: added to</param>
    /// <exception cref="DwarfException">the library refuses: operation, device, sizes and its status in one line</exception>
    public void Product(
        DType dtype, bool transposeA, bool transposeB, long m, long n, long k, nint a, long lda, long strideA,
        nint b, long ldb, long strideB, nint c, long ldc, long strideC, long batch, double beta = 0) =>
        Product(dtype, dtype, transposeA, transposeB, m, n, k, a, lda, strideA, b, ldb, strideB, c, ldc, strideC, batch, beta);

    /// <summary>The same with a result of another type: bf16 operands may give an f32 result.</summary>
    internal void Product(
        DType dtype, DType result, bool transposeA, bool transposeB, long m, long n, long k, nint a, long lda, long strideA,
        nint b, long ldb, long strideB, nint c, long ldc, long strideC, long batch, double beta)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        if (beta is not (0 or 1))
        {
            throw new ArgumentOutOfRangeException(nameof(beta), beta, "0 or 1");
        }

        if (m == 0 || n == 0 || batch == 0)
        {
            return;
        }

        if (k == 0)
        {
            if (beta == 0)
            {
                Clear(result, m, n, c, ldc, strideC, batch);
            }

            return;
        }

        if (Math.Max(Math.Max(Math.Max(m, n), Math.Max(k, batch)), Math.Max(Math.Max(lda, ldb), ldc)) > int.MaxValue)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"{What(dtype, m, n, k, batch)}: cuBLAS takes sizes up to {int.MaxValue}");
        }

        // Scalars have the type that sums run in; 0 and 1 of both fit side by side.
        double wideOne = 1, wideBeta = beta;
        float one = 1, floatBeta = (float)beta;
        bool wide = dtype == DType.F64;
        void* alphaAt = wide ? &wideOne : &one, betaAt = wide ? &wideBeta : &floatBeta;
        var (input, output) = (TypeOf(dtype), TypeOf(result));
        var compute = Compute(dtype);
        var (opA, opB) = (Operation(transposeA), Operation(transposeB));

        // Read column by column, memory that holds C row by row holds Cᵀ = op(B)ᵀ·op(A)ᵀ: operands change places, nothing is transposed.
        _device.Context.MakeCurrent();
        var status = batch == 1
            ? Cublas.cublasGemmEx(
                _handle.Value, opB, opA, (int)n, (int)m, (int)k, alphaAt, (void*)b, input, (int)ldb, (void*)a, input, (int)lda,
                betaAt, (void*)c, output, (int)ldc, compute, DefaultAlgorithm)
            : Cublas.cublasGemmStridedBatchedEx(
                _handle.Value, opB, opA, (int)n, (int)m, (int)k, alphaAt, (void*)b, input, (int)ldb, strideB,
                (void*)a, input, (int)lda, strideA, betaAt, (void*)c, output, (int)ldc, strideC, (int)batch, compute, DefaultAlgorithm);
        if (status != cublasStatus_t.CUBLAS_STATUS_SUCCESS)
        {
            string what = $"{What(dtype, m, n, k, batch)}{Transposed(transposeA, transposeB)}, lda {lda}, ldb {ldb}, ldc {ldc}";
            throw Failure(status, _device.FullName, what);
        }

        Calls++;
        _device.NoteProduct();
    }

    /// <summary>C = op(A)·op(B) + bias in one call, where cuBLASLt has it for these types and sizes.</summary>
    /// <param name="dtype">f32 or bf16; f64 has none</param>
    /// <param name="transposeA">A is stored [k, m]</param>
    /// <param name="transposeB">B is stored [n, k]</param>
    /// <param name="m">rows of C</param>
    /// <param name="n">columns of C</param>
    /// <param name="k">length of the sums</param>
    /// <param name="a">address of A on the device</param>
    /// <param name="lda">distance between rows of A as stored</param>
    /// <param name="b">address of B on the device</param>
    /// <param name="ldb">distance between rows of B as stored</param>
    /// <param name="c">address of C on the device</param>
    /// <param name="ldc">distance between rows of C</param>
    /// <param name="bias">address of [n] values, added to every row before it is rounded</param>
    /// <returns>false: nothing was queued; take the product and add the bias after it</returns>
    /// <exception cref="DwarfException">the library refuses: operation, device, sizes and its status in one line</exception>
    public bool TryProductWithBias(
        DType dtype, bool transposeA, bool transposeB, long m, long n, long k, nint a, long lda, nint b, long ldb, nint c, long ldc,
        nint bias)
    {
        if (dtype is not (DType.F32 or DType.BF16) || m <= 0 || n <= 0 || k <= 0 || bias % 16 != 0
            || Math.Max(Math.Max(Math.Max(m, n), k), Math.Max(Math.Max(lda, ldb), ldc)) > int.MaxValue)
        {
            return false;
        }

        _bias ??= new BlasBias(_device.Context, _device.FullName);
        var key = new BlasBias.Key(
            dtype, Compute(dtype), transposeA, transposeB, (int)m, (int)n, (int)k, (int)lda, (int)ldb, (int)ldc,
            Alignment(a), Alignment(b), Alignment(c));
        if (!_bias.TryRun(key, a, b, c, bias, _workspace, _device.ComputeStream))
        {
            return false;
        }

        Calls++;
        _device.NoteProduct();
        return true;
    }

    /// <summary>Gives the library's handle and the workspace back; the device must have finished.</summary>
    public void Dispose()
    {
        _bias?.Dispose();
        _handle.Dispose();
        _workspace?.Dispose();
    }

    /// <summary>The error of a status: the library or its memory is not available, or a bug of ours.</summary>
    internal static DwarfException Failure(cublasStatus_t status, string device, string what) => new(
        status is cublasStatus_t.CUBLAS_STATUS_ALLOC_FAILED or cublasStatus_t.CUBLAS_STATUS_NOT_INITIALIZED
            or cublasStatus_t.CUBLAS_STATUS_ARCH_MISMATCH or cublasStatus_t.CUBLAS_STATUS_NOT_SUPPORTED
            or cublasStatus_t.CUBLAS_STATUS_LICENSE_ERROR
            ? ErrorKind.Unavailable
            : ErrorKind.Internal,
        $"{what} on {device}: {(Enum.IsDefined(status) ? status.ToString() : $"cuBLAS status {(int)status}")}");

    internal static CUresult AsResult(cublasStatus_t status) =>
        status == cublasStatus_t.CUBLAS_STATUS_SUCCESS ? CUresult.CUDA_SUCCESS : CUresult.CUDA_ERROR_UNKNOWN;

    internal static string What(DType dtype, long m, long n, long k, long batch) =>
        $"matrix product {m}x{n}x{k} {dtype.Label()}{(batch == 1 ? "" : $", batch {batch}")}";

    internal static string Transposed(bool a, bool b) => (a, b) switch
    {
        (true, true) => ", a and b transposed",
        (true, false) => ", a transposed",
        (false, true) => ", b transposed",
        _ => "",
    };

    internal static cublasOperation_t Operation(bool transpose) =>
        transpose ? cublasOperation_t.CUBLAS_OP_T : cublasOperation_t.CUBLAS_OP_N;

    internal static cudaDataType TypeOf(DType dtype) => dtype switch
    {
        DType.F32 => cudaDataType.CUDA_R_32F,
        DType.F64 => cudaDataType.CUDA_R_64F,
        DType.BF16 => cudaDataType.CUDA_R_16BF,
        _ => throw new DTypeException($"matrix products take f32, f64 or bf16, found {dtype.Label()}"),
    };

    /// <summary>Bytes that an address is a multiple of, as far as the library cares.</summary>
    private static int Alignment(nint address) => (int)Math.Min(256, address & -address);

    private cublasComputeType_t Compute(DType dtype) => dtype == DType.F64
        ? cublasComputeType_t.CUBLAS_COMPUTE_64F
        : Tf32 && dtype == DType.F32 ? cublasComputeType_t.CUBLAS_COMPUTE_32F_FAST_TF32 : cublasComputeType_t.CUBLAS_COMPUTE_32F;

    private void Clear(DType dtype, long m, long n, nint c, long ldc, long strideC, long batch)
    {
        long size = dtype.Size();
        if (ldc == n && (batch == 1 || strideC == m * n))
        {
            _device.Memory.Clear((void*)c, batch * m * n * size);
            return;
        }

        for (long row = 0; row < batch * m; row++)
        {
            _device.Memory.Clear((byte*)c + ((row / m * strideC) + (row % m * ldc)) * size, n * size);
        }
    }

    private void Check(cublasStatus_t status, string what)
    {
        if (status != cublasStatus_t.CUBLAS_STATUS_SUCCESS)
        {
            throw Failure(status, _device.FullName, what);
        }
    }

    /// <summary>The library's own state.</summary>
    private sealed class CublasHandle : CudaHandle
    {
        public CublasHandle(CudaContext context, string device)
            : base(context)
        {
            nint created = 0;
            var status = Cublas.cublasCreate_v2(&created);
            if (status != cublasStatus_t.CUBLAS_STATUS_SUCCESS)
            {
                throw Failure(status, device, "starting cuBLAS");
            }

            Own(created);
        }

        protected override CUresult Free() => AsResult(Cublas.cublasDestroy_v2(handle));
    }
}
