using System.Runtime.Intrinsics.X86;
using CsCheck;
using Engine.Kernels;
using Xunit;

namespace Engine.Tests.Cpu;

public sealed unsafe class GemmTests
{
    private static readonly Gen<(int M, int N, int K, bool TransA, bool TransB, bool Accumulate, int Pad)> Cases =
        Gen.Select(Gen.Int[0, 70], Gen.Int[0, 100], Gen.Int[0, 90], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[0, 5]);

    [Fact]
    public void Single_precision_agrees_with_the_defining_sum_in_every_form() => Cases.Sample(c =>
    {
        using var cpu = new CpuDevice(2);
        var problem = new GemmProblem<float>(c.M, c.N, c.K, c.TransA, c.TransB, c.Accumulate, c.Pad, seed: 1);
        problem.Run(cpu).AssertClose(problem.Reference(), 1e-6);
        problem.Run(null).AssertClose(problem.Reference(), 1e-6);
    }, iter: 300, threads: 1);

    [Fact]
    public void Double_precision_agrees_with_the_defining_sum_in_every_form() => Cases.Sample(c =>
    {
        using var cpu = new CpuDevice(2);
        var problem = new GemmProblem<double>(c.M, c.N, c.K, c.TransA, c.TransB, c.Accumulate, c.Pad, seed: 1);
        problem.Run(cpu).AssertClose(problem.Reference(), 1e-15);
        problem.Run(null).AssertClose(problem.Reference(), 1e-15);
    }, iter: 300, threads: 1);

    [Theory]
    [InlineData(97, 130, 768)]
    [InlineData(30, 70, 1600)]
    [InlineData(1, 530, 2000)]
    [InlineData(240, 84, 128)]
    public void Large_products_agree_with_the_defining_sum(int m, int n, int k)
    {
        using var cpu = new CpuDevice(2);
        foreach ((bool transA, bool transB) in new[] { (false, false), (false, true), (true, false), (true, true) })
        {
            var single = new GemmProblem<float>(m, n, k, transA, transB, accumulate: transA, pad: 0, seed: 3);
            single.Run(cpu).AssertClose(single.Reference(), 1e-6);
            var twice = new GemmProblem<double>(m, n, k, transA, transB, accumulate: transB, pad: 0, seed: 3);
            twice.Run(cpu).AssertClose(twice.Reference(), 1e-15);
        }
    }

    [Theory]
    [InlineData(GemmActivation.None)]
    [InlineData(GemmActivation.Relu)]
    [InlineData(GemmActivation.Gelu)]
    public void The_epilogue_adds_the_bias_keeps_the_value_before_and_applies_the_activation(GemmActivation activation) =>
        Cases.Sample(c =>
        {
            using var cpu = new CpuDevice(2);
            var single = new GemmProblem<float>(c.M, c.N, c.K, c.TransA, c.TransB, c.Accumulate, c.Pad, seed: 5);
            single.CheckEpilogue(cpu, activation, 1e-6);
            var twice = new GemmProblem<double>(c.M, c.N, c.K, c.TransA, c.TransB, c.Accumulate, c.Pad, seed: 5);
            twice.CheckEpilogue(cpu, activation, 1e-13);
        }, iter: 100, threads: 1);

    [Fact]
    public void A_row_has_the_same_bits_in_any_batch_and_with_any_number_of_threads() =>
        Gen.Select(Gen.Int[1, 150], Gen.Int[1, 150], Gen.Int[1, 1000], Gen.Bool, Gen.Bool, Gen.Bool).Sample((m, n, k, tA, tB, add) =>
        {
            using var one = new CpuDevice(1);
            using var two = new CpuDevice(2);
            var whole = new GemmProblem<float>(m, n, k, tA, tB, add, pad: 0, seed: 7);
            float[] expected = whole.Run(one).Values;
            Assert.Equal(expected, whole.Run(two).Values);
            Assert.Equal(expected, whole.Run(null).Values);
            int row = m / 2;
            float[] alone = whole.RunRows(two, row, 1).Values;
            Assert.Equal(expected.AsSpan(row * n, n), alone.AsSpan());
            int half = m - row;
            Assert.Equal(expected.AsSpan(row * n), whole.RunRows(null, row, half).Values.AsSpan());
            int columns = (n + 1) / 2;
            float[] narrow = whole.RunColumns(null, n - columns, columns).Values;
            for (int i = 0; i < m; i++)
            {
                Assert.Equal(expected.AsSpan(i * n + n - columns, columns), narrow.AsSpan(i * columns, columns));
            }
        }, iter: 60, threads: 1);

    [Fact]
    public void Every_vector_width_gives_the_same_bits_where_the_processor_fuses_multiply_and_add() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 80], Gen.Int[0, 900], Gen.Bool, Gen.Bool).Sample((m, n, k, transA, transB) =>
        {
            var single = new GemmProblem<float>(m, n, k, transA, transB, accumulate: transB, pad: 1, seed: 9);
            var twice = new GemmProblem<double>(m, n, k, transA, transB, accumulate: transB, pad: 1, seed: 9);
            var reference = single.Reference();
            foreach (int bits in new[] { 128, 256, 512 })
            {
                single.RunWith(bits).AssertClose(reference, 1e-6);
                twice.RunWith(bits).AssertClose(twice.Reference(), 1e-15);
                if (Fma.IsSupported)
                {
                    Assert.Equal(single.Run(null).Values, single.RunWith(bits).Values);
                    Assert.Equal(twice.Run(null).Values, twice.RunWith(bits).Values);
                }
            }
        }, iter: 30, threads: 1);

    [Fact]
    public void Not_a_number_and_infinity_pass_through_even_against_zero()
    {
        float[] a = [float.NaN, 0, 0, float.PositiveInfinity], b = [0, 1, 0, 1], c = new float[4];
        fixed (float* pa = a, pb = b, pc = c)
        {
            Gemm.RunSerial(false, false, 2, 2, 2, pa, 2, pb, 2, pc, 2);
        }
        Assert.Equal([float.NaN, float.NaN, float.NaN, float.PositiveInfinity], c);

        double[] x = [double.NaN, 0], y = [0, 1], z = new double[1];
        using var cpu = new CpuDevice(1);
        fixed (double* px = x, py = y, pz = z)
        {
            Gemm.Run(cpu, false, false, 1, 1, 2, px, 2, py, 1, pz, 1);
            Assert.Equal(double.NaN, z[0]);
            z[0] = 0;
            Gemm.RunSerial(false, false, 1, 1, 2, px, 2, py, 1, pz, 1);
            Assert.Equal(double.NaN, z[0]);
        }
    }

    [Fact]
    public void The_steady_state_allocates_nothing()
    {
        using var cpu = new CpuDevice(2);
        var data = new float[3 * 200 * 200];
        fixed (float* p = data)
        {
            Both(cpu, p);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Both(cpu, p);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        static void Both(CpuDevice cpu, float* p)
        {
            Gemm.Run(cpu, false, true, 200, 200, 200, p, 200, p + 40_000, 200, p + 80_000, 200);
            Gemm.RunSerial(false, true, 200, 200, 200, p, 200, p + 40_000, 200, p + 80_000, 200);
        }
    }

    [Fact]
    public void Wrong_sizes_and_leading_dimensions_are_refused()
    {
        using var cpu = new CpuDevice(1);
        Assert.Throws<ArgumentException>(() => Gemm.Run(cpu, false, false, -1, 1, 1, (float*)null, 1, null, 1, null, 1));
        Assert.Throws<ArgumentException>(() => Gemm.RunSerial(false, false, 4, 5, 6, (float*)null, 5, null, 5, null, 5));
        Assert.Throws<ArgumentException>(() => Gemm.RunSerial(true, false, 4, 5, 6, (float*)null, 3, null, 5, null, 5));
        Assert.Throws<ArgumentException>(() => Gemm.RunSerial(false, true, 4, 5, 6, (float*)null, 6, null, 5, null, 5));
        Assert.Throws<ArgumentException>(() => Gemm.RunSerial(false, false, 4, 5, 6, (double*)null, 6, null, 5, null, 4));
    }
}
