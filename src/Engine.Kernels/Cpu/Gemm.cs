using System.Numerics;

namespace Engine.Kernels;

/// <summary>Matrix products of row-major matrices: C = op(A) · op(B) (+ C), with an optional epilogue.</summary>
/// <remarks>
/// op(A) is [m, k], op(B) [k, n], C [m, n]; a transposed operand is stored the other way about. A leading dimension is the distance
/// between rows in elements. C overlaps neither operand. An element's sum runs over k in an order that depends on k alone, so a row
/// has the same bits in any batch, at any place and with any number of threads. k = 0 gives zeros (or C), then the epilogue.
/// </remarks>
public static unsafe class Gemm
{
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
        RunOn(cpu, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

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
        RunOn(cpu, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

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
        RunOn(null, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

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
        RunOn(null, transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, in epilogue);

    private static void RunOn<T>(CpuDevice? cpu, bool transA, bool transB, long m, long n, long k, T* a, long lda, T* b, long ldb,
        T* c, long ldc, bool accumulate, in GemmEpilogue<T> epilogue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(transA, transB, m, n, k, lda, ldb, ldc);
        if (m == 0 || n == 0)
        {
            return;
        }
        var product = new Product<T>
        {
            A = a, B = b, C = c, N = n, K = k, Ldc = ldc, Accumulate = accumulate, Epilogue = epilogue,
            RowStepA = transA ? 1 : lda, StepA = transA ? lda : 1, StepB = transB ? 1 : ldb, ColumnStepB = transB ? ldb : 1,
        };
        if (cpu is null)
        {
            Rows(in product, 0, m);
        }
        else
        {
            cpu.For(m, Math.Max(1, 20_000 / Math.Max(1, n * k)), in product, static (in Product<T> p, long begin, long end) => Rows(in p, begin, end));
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

    private static void Rows<T>(in Product<T> p, long begin, long end)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (long i = begin; i < end; i++)
        {
            for (long j = 0; j < p.N; j++)
            {
                T sum = T.Zero;
                for (long l = 0; l < p.K; l++)
                {
                    sum += p.A[i * p.RowStepA + l * p.StepA] * p.B[l * p.StepB + j * p.ColumnStepB];
                }
                if (p.Accumulate)
                {
                    sum += p.C[i * p.Ldc + j];
                }
                p.C[i * p.Ldc + j] = Finish(in p.Epilogue, sum, i * p.Ldc, j);
            }
        }
    }

    private static T Finish<T>(in GemmEpilogue<T> e, T value, long row, long column)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (e.Bias != null)
        {
            value += e.Bias[column];
        }
        if (e.PreActivation != null)
        {
            e.PreActivation[row + column] = value;
        }
        return e.Activation switch
        {
            GemmActivation.Relu => value < T.Zero ? T.Zero : value,
            GemmActivation.Gelu => T.CreateChecked(Gelu(double.CreateChecked(value))),
            _ => value,
        };
    }

    private static double Gelu(double x)
    {
        double z = x / Math.Sqrt(2);
        if (Math.Abs(z) > 6)
        {
            return x * (z > 0 ? 1 : 0);
        }
        double term = z, sum = z;       // erf z = 2/sqrt(pi) · exp(-z²) · sum of 2^n z^(2n+1) / (2n+1)!!, all terms of one sign
        for (int n = 1; Math.Abs(term) > 1e-18 * Math.Abs(sum); n++)
        {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 0.5 * x * (1 + 2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum);
    }

    private struct Product<T>
        where T : unmanaged
    {
        public T* A, B, C;
        public long N, K, RowStepA, StepA, StepB, ColumnStepB, Ldc;
        public bool Accumulate;
        public GemmEpilogue<T> Epilogue;
    }
}
