using Engine.Tensors;

namespace Engine.Kernels;

/// <summary>Products that finish with a bias, by cuBLASLt: the result is written once, with no pass of its own for the bias.</summary>
/// <remarks>The algorithm is asked for once a shape and kept: a warm call neither allocates nor searches, and repeats its bits.</remarks>
internal sealed unsafe class BlasBias : IDisposable
{
    private readonly CudaContext _context;
    private readonly string _device;
    private readonly LightHandle _handle;
    private readonly Dictionary<Key, Plan?> _plans = [];

    public BlasBias(CudaContext context, string device)
    {
        CudaLibraries.Load(CudaLibraries.BlasLight);
        (_context, _device) = (context, device);
        _handle = new LightHandle(context, device);
    }

    /// <summary>C = op(A)·op(B) + bias, as <see cref="Blas.TryProductWithBias"/> has it, with sizes that fit.</summary>
    public bool TryRun(in Key key, nint a, nint b, nint c, nint bias, MemoryBlock workspace, nint stream)
    {
        _context.MakeCurrent();
        if (!_plans.TryGetValue(key, out var plan))
        {
            _plans[key] = plan = Plan.Make(_context, _handle.Value, _device, key, bias, (ulong)workspace.Bytes);
        }

        if (plan is null)
        {
            return false;
        }

        float one = 1, zero = 0;
        Check(CublasLt.cublasLtMatmulDescSetAttribute(
            plan.Description, cublasLtMatmulDescAttributes_t.CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, (nuint)sizeof(nint)), _device, key);
        var algorithm = plan.Algorithm;
        // Operands change places, as in Blas.Product: column by column, the memory of C holds Cᵀ.
        Check(
            CublasLt.cublasLtMatmul(
                _handle.Value, plan.Description, &one, (void*)b, plan.LayoutB, (void*)a, plan.LayoutA, &zero, (void*)c, plan.LayoutC,
                (void*)c, plan.LayoutC, &algorithm, workspace.Pointer, (nuint)workspace.Bytes, stream),
            _device,
            key);
        return true;
    }

    public void Dispose()
    {
        foreach (var plan in _plans.Values)
        {
            plan?.Dispose();
        }

        _plans.Clear();
        _handle.Dispose();
    }

    private static void Check(cublasStatus_t status, string device, in Key key)
    {
        if (status != cublasStatus_t.CUBLAS_STATUS_SUCCESS)
        {
            string what = $"{Blas.What(key.DType, key.M, key.N, key.K, 1)}{Blas.Transposed(key.TransposeA, key.TransposeB)}, with bias";
            throw Blas.Failure(status, device, what);
        }
    }

    /// <summary>What decides the algorithm.</summary>
    /// <param name="DType">f32 or bf16</param>
    /// <param name="Compute">f32, or tf32 where asked for</param>
    /// <param name="TransposeA">A is stored [k, m]</param>
    /// <param name="TransposeB">B is stored [n, k]</param>
    /// <param name="M">rows</param>
    /// <param name="N">columns</param>
    /// <param name="K">length of the sums</param>
    /// <param name="Lda">distance between rows of A</param>
    /// <param name="Ldb">distance between rows of B</param>
    /// <param name="Ldc">distance between rows of C</param>
    /// <param name="AlignA">bytes that A's address is a multiple of, 256 at most</param>
    /// <param name="AlignB">the same of B</param>
    /// <param name="AlignC">the same of C</param>
    internal readonly record struct Key(
        DType DType, cublasComputeType_t Compute, bool TransposeA, bool TransposeB, int M, int N, int K, int Lda, int Ldb, int Ldc,
        int AlignA, int AlignB, int AlignC);

    /// <summary>The library's descriptions of one product, and the algorithm it chose.</summary>
    private sealed class Plan : IDisposable
    {
        private readonly LightObject _description, _a, _b, _c;

        private Plan(CudaContext context, string device, in Key key)
        {
            nint description = 0;
            Check(CublasLt.cublasLtMatmulDescCreate(&description, key.Compute, cudaDataType.CUDA_R_32F), device, key);
            _description = new LightObject(context, description, isLayout: false);
            _a = Layout(context, device, key, key.TransposeA ? key.K : key.M, key.TransposeA ? key.M : key.K, key.Lda);
            _b = Layout(context, device, key, key.TransposeB ? key.N : key.K, key.TransposeB ? key.K : key.N, key.Ldb);
            _c = Layout(context, device, key, key.M, key.N, key.Ldc);
        }

        public nint Description => _description.Value;

        public nint LayoutA => _a.Value;

        public nint LayoutB => _b.Value;

        public nint LayoutC => _c.Value;

        public cublasLtMatmulAlgo_t Algorithm { get; private set; }

        /// <summary>The plan of a product; null where the library has no algorithm for it.</summary>
        public static Plan? Make(CudaContext context, nint handle, string device, in Key key, nint bias, ulong workspace)
        {
            var plan = new Plan(context, device, key);
            var (opA, opB) = (Blas.Operation(key.TransposeA), Blas.Operation(key.TransposeB));
            var epilogue = cublasLtEpilogue_t.CUBLASLT_EPILOGUE_BIAS;
            plan.Set(device, key, cublasLtMatmulDescAttributes_t.CUBLASLT_MATMUL_DESC_TRANSA, &opB, sizeof(int));
            plan.Set(device, key, cublasLtMatmulDescAttributes_t.CUBLASLT_MATMUL_DESC_TRANSB, &opA, sizeof(int));
            plan.Set(device, key, cublasLtMatmulDescAttributes_t.CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof(int));
            plan.Set(device, key, cublasLtMatmulDescAttributes_t.CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof(nint));
            nint preference = 0;
            Check(CublasLt.cublasLtMatmulPreferenceCreate(&preference), device, key);
            try
            {
                var room = cublasLtMatmulPreferenceAttributes_t.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
                Check(CublasLt.cublasLtMatmulPreferenceSetAttribute(preference, room, &workspace, sizeof(ulong)), device, key);
                Align(device, key, preference, cublasLtMatmulPreferenceAttributes_t.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.AlignB);
                Align(device, key, preference, cublasLtMatmulPreferenceAttributes_t.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.AlignA);
                Align(device, key, preference, cublasLtMatmulPreferenceAttributes_t.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.AlignC);
                Align(device, key, preference, cublasLtMatmulPreferenceAttributes_t.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.AlignC);
                cublasLtMatmulHeuristicResult_t result;
                int found = 0;
                var status = CublasLt.cublasLtMatmulAlgoGetHeuristic(
                    handle, plan.Description, plan.LayoutB, plan.LayoutA, plan.LayoutC, plan.LayoutC, preference, 1, &result, &found);
                if (status == cublasStatus_t.CUBLAS_STATUS_NOT_SUPPORTED || (status == cublasStatus_t.CUBLAS_STATUS_SUCCESS && found == 0))
                {
                    plan.Dispose();
                    return null;
                }

                Check(status, device, key);
                plan.Algorithm = result.algo;
                return plan;
            }
            finally
            {
                _ = CublasLt.cublasLtMatmulPreferenceDestroy(preference);
            }
        }

        public void Dispose()
        {
            _description.Dispose();
            _a.Dispose();
            _b.Dispose();
            _c.Dispose();
        }

        /// <summary>A matrix stored row by row is its transpose, stored column by column.</summary>
        private static LightObject Layout(CudaContext context, string device, in Key key, int rows, int columns, int leading)
        {
            nint layout = 0;
            Check(CublasLt.cublasLtMatrixLayoutCreate(&layout, Blas.TypeOf(key.DType), (ulong)columns, (ulong)rows, leading), device, key);
            return new LightObject(context, layout, isLayout: true);
        }

        private static void Align(string device, in Key key, nint preference, cublasLtMatmulPreferenceAttributes_t attribute, int bytes)
        {
            uint value = (uint)bytes;
            Check(CublasLt.cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(uint)), device, key);
        }

        private void Set(string device, in Key key, cublasLtMatmulDescAttributes_t attribute, void* value, int bytes) =>
            Check(CublasLt.cublasLtMatmulDescSetAttribute(Description, attribute, value, (nuint)bytes), device, key);
    }

    private sealed class LightHandle : CudaHandle
    {
        public LightHandle(CudaContext context, string device)
            : base(context)
        {
            nint created = 0;
            var status = CublasLt.cublasLtCreate(&created);
            if (status != cublasStatus_t.CUBLAS_STATUS_SUCCESS)
            {
                throw Blas.Failure(status, device, "starting cuBLASLt");
            }

            Own(created);
        }

        protected override CUresult Free() => Blas.AsResult(CublasLt.cublasLtDestroy(handle));
    }

    private sealed class LightObject : CudaHandle
    {
        private readonly bool _isLayout;

        public LightObject(CudaContext context, nint created, bool isLayout)
            : base(context)
        {
            _isLayout = isLayout;
            Own(created);
        }

        protected override CUresult Free() =>
            Blas.AsResult(_isLayout ? CublasLt.cublasLtMatrixLayoutDestroy(handle) : CublasLt.cublasLtMatmulDescDestroy(handle));
    }
}
