using System.Numerics;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Matrix products of row-major matrices: C = op(A) · op(B) (+ C), with an optional epilogue.</summary>
/// <remarks>
/// op(A) is [m, k], op(B) [k, n], C [m, n]; a transposed operand is stored the other way about. A leading dimension is the distance
/// between rows in elements. C overlaps neither operand. An element's sum runs over k in an order that depends on k alone, so a row
/// has the same bits in any batch, at any place and with any number of threads. k = 0 gives zeros (or C), then the epilogue.
/// </remarks>
public static unsafe class Gemm
{
    /// <summary>The widest vectors that this processor has in hardware.</summary>
    internal static readonly int VectorBits = Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    [ThreadStatic]
    private static NativeScratch? t_scratch;

    /// <summary>Single-precision product on all threads of <paramref name="cpu"/>.</summary>
    /// <param name="cpu">the team that works</param>
    /// <param name="transA">A is stored [k, m]</param>
    /// <param name="transB">B is stored [n, k]</param>
    /// <param name="m">rows of C</param>
    /// <param name="n">columns of C</param>
    /// <param name="k">length of the sums</param>
    /// <param name="a">first operand</param>
    /// <param name="lda">distance between rows of A as stored</param>
    /// <param name="b">second operand</param>
    /// <param name="ldb">distance between rows of B as stored</param>
    /// <param name="c">result</param>
    /// <param name="ldc">distance between rows of C</param>
    /// <param name="accumulate">add to C instead of overwriting it</param>
    /// <param name="epilogue">bias, copy before the activation, activation</param>
    /// <exception cref="ArgumentException">a negative size, or a leading dimension shorter than a row</exception>
    public static void Run(CpuDevice cpu, bool transA, bool transB, long m, long n, long k, float* a, long lda, float* b, long ldb,
        float* c, long ldc, bool accumulate = false, in GemmEpilogue<float> epilogue = default) =>
        RunOn(VectorBits, cpu, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

    /// <summary>Double-precision product on all threads of <paramref name="cpu"/>; parameters as in the single-precision form.</summary>
    /// <param name="cpu">the team that works</param>
    /// <param name="transA">A is stored [k, m]</param>
    /// <param name="transB">B is stored [n, k]</param>
    /// <param name="m">rows of C</param>
    /// <param name="n">columns of C</param>
    /// <param name="k">length of the sums</param>
    /// <param name="a">first operand</param>
    /// <param name="lda">distance between rows of A as stored</param>
    /// <param name="b">second operand</param>
    /// <param name="ldb">distance between rows of B as stored</param>
    /// <param name="c">result</param>
    /// <param name="ldc">distance between rows of C</param>
    /// <param name="accumulate">add to C instead of overwriting it</param>
    /// <param name="epilogue">bias, copy before the activation, activation</param>
    /// <exception cref="ArgumentException">a negative size, or a leading dimension shorter than a row</exception>
    public static void Run(CpuDevice cpu, bool transA, bool transB, long m, long n, long k, double* a, long lda, double* b, long ldb,
        double* c, long ldc, bool accumulate = false, in GemmEpilogue<double> epilogue = default) =>
        RunOn(VectorBits, cpu, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

    /// <summary>Single-precision product on the calling thread, for use inside a parallel body; it allocates nothing once warm.</summary>
    /// <param name="transA">A is stored [k, m]</param>
    /// <param name="transB">B is stored [n, k]</param>
    /// <param name="m">rows of C</param>
    /// <param name="n">columns of C</param>
    /// <param name="k">length of the sums</param>
    /// <param name="a">first operand</param>
    /// <param name="lda">distance between rows of A as stored</param>
    /// <param name="b">second operand</param>
    /// <param name="ldb">distance between rows of B as stored</param>
    /// <param name="c">result</param>
    /// <param name="ldc">distance between rows of C</param>
    /// <param name="accumulate">add to C instead of overwriting it</param>
    /// <param name="epilogue">bias, copy before the activation, activation</param>
    /// <exception cref="ArgumentException">a negative size, or a leading dimension shorter than a row</exception>
    public static void RunSerial(bool transA, bool transB, long m, long n, long k, float* a, long lda, float* b, long ldb,
        float* c, long ldc, bool accumulate = false, in GemmEpilogue<float> epilogue = default) =>
        RunOn(VectorBits, null, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

    /// <summary>Double-precision product on the calling thread, for use inside a parallel body; it allocates nothing once warm.</summary>
    /// <param name="transA">A is stored [k, m]</param>
    /// <param name="transB">B is stored [n, k]</param>
    /// <param name="m">rows of C</param>
    /// <param name="n">columns of C</param>
    /// <param name="k">length of the sums</param>
    /// <param name="a">first operand</param>
    /// <param name="lda">distance between rows of A as stored</param>
    /// <param name="b">second operand</param>
    /// <param name="ldb">distance between rows of B as stored</param>
    /// <param name="c">result</param>
    /// <param name="ldc">distance between rows of C</param>
    /// <param name="accumulate">add to C instead of overwriting it</param>
    /// <param name="epilogue">bias, copy before the activation, activation</param>
    /// <exception cref="ArgumentException">a negative size, or a leading dimension shorter than a row</exception>
    public static void RunSerial(bool transA, bool transB, long m, long n, long k, double* a, long lda, double* b, long ldb,
        double* c, long ldc, bool accumulate = false, in GemmEpilogue<double> epilogue = default) =>
        RunOn(VectorBits, null, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

    /// <summary>The product with vectors of <paramref name="bits"/> bits.</summary>
    internal static void RunOn<T>(int bits, CpuDevice? cpu, bool transA, bool transB, long m, long n, long k, T* a, long lda, T* b, long ldb,
        T* c, long ldc, bool accumulate, in GemmEpilogue<T> epilogue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(transA, transB, m, n, k, lda, ldb, ldc);
        if (m == 0 || n == 0)
        {
            return;
        }
        var product = new GemmBlocks<T>
        {
            A = a,
            B = b,
            C = c,
            M = (nint)m,
            N = (nint)n,
            K = (nint)k,
            Ldc = (nint)ldc,
            Accumulate = accumulate,
            Epilogue = epilogue,
            RowA = transA ? 1 : (nint)lda,
            StepA = transA ? (nint)lda : 1,
            ColumnB = transB ? (nint)ldb : 1,
            StepB = transB ? 1 : (nint)ldb,
        };
        NativeScratch scratch = cpu is null ? t_scratch ??= new NativeScratch() : cpu.TakeScratch();
        try
        {
            product.Run(cpu, bits, scratch);
        }
        finally
        {
            cpu?.ReturnScratch(scratch);
        }
    }

    private static void Check(bool transA, bool transB, long m, long n, long k, long lda, long ldb, long ldc)
    {
        if (m < 0 || n < 0 || k < 0)
        {
            throw new ArgumentException($"gemm: sizes must not be negative, found m {m}, n {n}, k {k}");
        }
        if (lda < (transA ? m : k) || ldb < (transB ? k : n) || ldc < n)
        {
            throw new ArgumentException(
                $"gemm: a leading dimension is shorter than a row: m {m}, n {n}, k {k}, lda {lda}{(transA ? " (transposed)" : "")}, "
                + $"ldb {ldb}{(transB ? " (transposed)" : "")}, ldc {ldc}");
        }
    }
}
