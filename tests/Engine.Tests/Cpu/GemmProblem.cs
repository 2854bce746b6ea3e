using System.Numerics;
using Engine.Kernels;
using Xunit;

namespace Engine.Tests.Cpu;

/// <summary>Seeded operands of one matrix product, its run by the engine and its defining sums in double precision.</summary>
internal sealed unsafe class GemmProblem<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double Guard = 77.25;     // stands between the rows of C: must be there afterwards

    private readonly int _m, _n, _k, _lda, _ldb, _ldc;
    private readonly bool _transA, _transB, _accumulate;
    private readonly T[] _a, _b, _c, _bias;

    public GemmProblem(int m, int n, int k, bool transA, bool transB, bool accumulate, int pad, int seed)
    {
        (_m, _n, _k, _transA, _transB, _accumulate) = (m, n, k, transA, transB, accumulate);
        _lda = (transA ? m : k) + pad;
        _ldb = (transB ? k : n) + 2 * pad;
        _ldc = n + pad;
        var random = new Random(seed);
        _a = Values(random, _lda * (transA ? k : m));
        _b = Values(random, _ldb * (transB ? n : k));
        _c = Values(random, _ldc * m);
        _bias = Values(random, n);
        for (int i = 0; i < m; i++)
        {
            _c.AsSpan(i * _ldc + n, pad).Fill(T.CreateChecked(Guard));
        }
    }

    public Result Run(CpuDevice? cpu) => RunPart(cpu, 0, _m, 0, _n, default);

    public Result RunRows(CpuDevice? cpu, int row, int rows) => RunPart(cpu, row, rows, 0, _n, default);

    public Result RunColumns(CpuDevice? cpu, int column, int columns) => RunPart(cpu, 0, _m, column, columns, default);

    public Result RunWith(int bits) => RunPart(null, 0, _m, 0, _n, default, bits);

    public (double Value, double Size)[] Reference()
    {
        var sums = new (double Value, double Size)[_m * _n];
        for (int i = 0; i < _m; i++)
        {
            for (int j = 0; j < _n; j++)
            {
                double start = _accumulate ? double.CreateChecked(_c[i * _ldc + j]) : 0;
                (double value, double size) = (start, Math.Abs(start));
                for (int l = 0; l < _k; l++)
                {
                    double x = double.CreateChecked(_a[_transA ? l * _lda + i : i * _lda + l]);
                    double y = double.CreateChecked(_b[_transB ? j * _ldb + l : l * _ldb + j]);
                    value += x * y;
                    size += Math.Abs(x * y);
                }
                sums[i * _n + j] = (value, size);
            }
        }
        return sums;
    }

    public void CheckEpilogue(CpuDevice? cpu, GemmActivation activation, double tolerance)
    {
        var before = new T[_c.Length];
        Result after;
        fixed (T* bias = _bias, saved = before)
        {
            var all = new GemmEpilogue<T> { Bias = bias, PreActivation = saved, Activation = activation };
            after = RunPart(cpu, 0, _m, 0, _n, all);
            // Each part of the epilogue also works alone.
            Result x = RunPart(cpu, 0, _m, 0, _n, new GemmEpilogue<T> { Bias = bias });
            Result value = RunPart(null, 0, _m, 0, _n, new GemmEpilogue<T> { Bias = bias, Activation = activation });
            Assert.Equal(after.Values, value.Values);
            Assert.Equal(Dense(before, 0, _n), x.Values);
        }
        var reference = Reference();
        for (int i = 0; i < reference.Length; i++)
        {
            double shift = double.CreateChecked(_bias[i % _n]);
            reference[i] = (reference[i].Value + shift, reference[i].Size + Math.Abs(shift));
        }
        new Result(Dense(before, 0, _n)).AssertClose(reference, tolerance);
        for (int i = 0; i < reference.Length; i++)
        {
            double x = double.CreateChecked(before[i / Math.Max(_n, 1) * _ldc + i % Math.Max(_n, 1)]);
            double expected = activation switch
            {
                GemmActivation.Relu => Math.Max(x, 0),
                GemmActivation.Gelu => 0.5 * x * (1 + Oracle.Erf(x / Math.Sqrt(2))),
                _ => x,
            };
            reference[i] = (expected, Math.Abs(x));
        }
        after.AssertClose(reference, tolerance);
    }

    private static T[] Values(Random random, int count)
    {
        var values = new T[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = T.CreateChecked(random.NextDouble() * 2 - 1);
        }
        return values;
    }

    private Result RunPart(CpuDevice? cpu, int row, int rows, int column, int columns, GemmEpilogue<T> epilogue, int bits = 0)
    {
        T[] c = (T[])_c.Clone();
        bits = bits == 0 ? Gemm.VectorBits : bits;
        fixed (T* pa = _a, pb = _b, pc = c)
        {
            T* a = pa + (_transA ? row : row * _lda);
            T* b = pb + (_transB ? column * _ldb : column);
            T* result = pc + row * _ldc + column;
            Gemm.RunOn(bits, cpu, _transA, _transB, rows, columns, _k, a, _lda, b, _ldb, result, _ldc, _accumulate, in epilogue);
        }
        for (int i = 0; i < _m; i++)
        {
            Assert.All(c[(i * _ldc + _n)..((i + 1) * _ldc)], guard => Assert.Equal(T.CreateChecked(Guard), guard));
        }
        return new Result(Dense(c[(row * _ldc)..((row + rows) * _ldc)], column, columns));
    }

    private T[] Dense(T[] values, int column, int columns)
    {
        int rows = _ldc == 0 ? 0 : values.Length / _ldc;
        var dense = new T[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            values.AsSpan(i * _ldc + column, columns).CopyTo(dense.AsSpan(i * columns));
        }
        return dense;
    }

    internal readonly record struct Result(T[] Values)
    {
        /// <summary>Each element is within tolerance of the sum of absolute terms; a NaN fails.</summary>
        public void AssertClose((double Value, double Size)[] reference, double tolerance)
        {
            Assert.Equal(reference.Length, Values.Length);
            for (int i = 0; i < reference.Length; i++)
            {
                double error = Math.Abs(double.CreateChecked(Values[i]) - reference[i].Value);
                Assert.True(error <= tolerance * (reference[i].Size + 0.1),
                    $"element {i}: expected {reference[i].Value}, found {Values[i]}");
            }
        }
    }
}
