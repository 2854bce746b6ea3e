using Engine.Kernels;
using Engine.Tensors;
using Xunit;
using Emu = Engine.Kernels.Emulator;

namespace Emulator.Tests;

/// <summary>Matrix products of the device against three plain loops.</summary>
public sealed unsafe class BlasTests(EmulatedDevice devices)
{
    private static readonly (int M, int N, int K)[] s_sizes =
        [(1, 1, 1), (1, 33, 70), (5, 7, 3), (40, 1, 9), (13, 65, 300), (97, 34, 17), (130, 70, 257)];

    [Theory, InlineData(DType.F32, 2e-6), InlineData(DType.F64, 1e-14), InlineData(DType.BF16, 4e-3)]
    public void Products_agree_with_plain_loops_for_all_sizes_transposes_batches_and_paddings(DType dtype, double rtol)
    {
        foreach (var (m, n, k) in s_sizes)
        {
            for (int variant = 0; variant < 16; variant++)
            {
                bool transA = (variant & 1) != 0, transB = (variant & 2) != 0;
                int batch = (variant & 4) != 0 ? 3 : 1, padding = (variant & 8) != 0 ? 3 : 0;
                var p = new Problem(dtype, m, n, k, transA, transB, batch, padding);
                AssertClose(p.OnDevice(devices.Gpu, beta: 0), p.Loops(beta: 0), rtol, $"{p}");
                AssertClose(p.OnDevice(devices.Gpu, beta: 1), p.Loops(beta: 1), rtol, $"{p}, added");
            }
        }
    }

    [Fact]
    public void One_matrix_may_serve_all_items_of_a_batch()
    {
        var p = new Problem(DType.F32, 9, 11, 13, false, true, 4, 0) { StrideB = 0 };
        AssertClose(p.OnDevice(devices.Gpu, beta: 0), p.Loops(beta: 0), 2e-6, $"{p}");
    }

    [Theory, InlineData(DType.F32), InlineData(DType.F64), InlineData(DType.BF16)]
    public void A_product_repeats_to_the_same_bits(DType dtype)
    {
        var p = new Problem(dtype, 200, 130, 300, false, true, 2, 1);
        double[] first = p.OnDevice(devices.Gpu, beta: 0);
        for (int run = 0; run < 3; run++)
        {
            Assert.Equal(first, p.OnDevice(devices.Gpu, beta: 0));
        }
    }

    [Fact]
    public void A_row_has_the_same_bits_in_any_batch_of_rows()
    {
        var tall = new Problem(DType.F32, 150, 70, 130, false, true, 1, 0);
        var one = new Problem(DType.F32, 1, 70, 130, false, true, 1, 0);
        one.A.AsSpan().Clear();
        tall.A.AsSpan(149 * 130, 130).CopyTo(one.A);
        tall.B.CopyTo(one.B, 0);
        Assert.Equal(tall.OnDevice(devices.Gpu, beta: 0)[(149 * 70)..(150 * 70)], one.OnDevice(devices.Gpu, beta: 0)[..70]);
    }

    [Fact]
    public void Sums_over_nothing_are_zeros_or_leave_the_result_alone()
    {
        var p = new Problem(DType.F32, 5, 4, 0, false, false, 2, 3);
        Assert.Equal(p.Loops(beta: 0), p.OnDevice(devices.Gpu, beta: 0));
        Assert.Equal(p.C, p.OnDevice(devices.Gpu, beta: 1));
    }

    [Theory, InlineData(0, 4, 1), InlineData(4, 0, 1), InlineData(4, 4, 0)]
    public void Empty_results_are_legal_and_touch_nothing(long m, long n, long batch)
        => devices.Gpu.Blas.Product(DType.F32, false, false, m, n, 3, 0, 3, 0, 0, Math.Max(n, 1), 0, 0, Math.Max(n, 1), 0, batch);

    [Fact]
    public void Tf32_is_used_only_where_it_is_asked_for()
    {
        var p = new Problem(DType.F32, 30, 20, 50, false, false, 1, 0);
        for (int i = 0; i < p.A.Length; i++)
        {
            p.A[i] = (float)(p.A[i] / 3);
        }

        double[] exact = p.OnDevice(devices.Gpu, beta: 0), rounded;
        devices.Gpu.Blas.Tf32 = true;
        try
        {
            rounded = p.OnDevice(devices.Gpu, beta: 0);
        }
        finally
        {
            devices.Gpu.Blas.Tf32 = false;
        }

        AssertClose(exact, p.Loops(beta: 0), 2e-6, "f32");
        AssertClose(rounded, p.Loops(beta: 0), 2e-3, "tf32");
        Assert.True(Distance(rounded, p.Loops(beta: 0)) > 1e-5, "tf32 operands have 10 bits of mantissa: the result must be further off");
    }

    [Fact]
    public void A_refused_product_is_one_line_with_sizes_device_and_status()
    {
        var block = devices.Gpu.Memory!.Allocate(4096);
        var error = Assert.Throws<DwarfException>(() => devices.Gpu.Blas.Product(
            DType.F32, false, true, 4, 5, 6, (nint)block.Pointer, 2, 0, (nint)block.Pointer, 6, 0, (nint)block.Pointer, 5, 0, 1));
        Assert.Equal(ErrorKind.Internal, error.Kind);
        Assert.Equal(
            $"matrix product 4x5x6 f32, b transposed, lda 2, ldb 6, ldc 5 on {devices.Gpu.FullName}: CUBLAS_STATUS_INVALID_VALUE", error.Message);
        block.Dispose();
    }

    [Theory, InlineData(DType.F32), InlineData(DType.BF16)]
    public void Bits_do_not_depend_on_workers_seeds_or_the_time_at_which_work_is_done(DType dtype)
    {
        var p = new Problem(dtype, 150, 90, 270, true, false, 1, 0);
        double[] expected = p.OnDevice(devices.Gpu, beta: 1);
        int workers = Emu.Workers;
        try
        {
            foreach (int count in new[] { 1, 3, 5 })
            {
                Emu.SetWorkers(count);
                Assert.Equal(expected, p.OnDevice(devices.Gpu, beta: 1));
            }

            Emu.SetLazy(true, 7);
            Assert.Equal(expected, p.OnDevice(devices.Gpu, beta: 1));
        }
        finally
        {
            Emu.SetLazy(false);
            Emu.SetWorkers(workers);
        }
    }

    [Fact]
    public void A_captured_product_replays_to_the_same_bits_from_what_then_lies_in_memory()
    {
        var gpu = devices.Gpu;
        var p = new Problem(DType.F32, 20, 30, 40, false, false, 2, 0);
        double[] expected = p.OnDevice(gpu, beta: 0);
        Tensor a = Upload(p.A), b = Upload(p.B), c = Upload(p.C);
        gpu.BeginCapture();
        gpu.Blas.Product(DType.F32, false, false, 20, 30, 40, (nint)a.Pointer, 40, 800, (nint)b.Pointer, 30, 1200, (nint)c.Pointer, 30, 600, 2);
        using var graph = gpu.EndCapture();
        Assert.Equal(1, graph.Nodes);
        Assert.Equal(p.C, Doubles(c));
        graph.Launch();
        Assert.Equal(expected, Doubles(c));
        a.Clear();
        graph.Launch();
        Assert.All(Doubles(c), v => Assert.Equal(0, v));

        Tensor Upload(double[] values) => Tensor.From<double>([values.Length], values).To(DType.F32).CopyTo(gpu.Memory);
        double[] Doubles(Tensor t) => t.OnHost().To(DType.F64).ToArray<double>();
    }

    [Theory, InlineData(DType.F32, 2e-6), InlineData(DType.BF16, 4e-3)]
    public void A_bias_is_added_in_the_product(DType dtype, double rtol)
    {
        var gpu = devices.Gpu;
        foreach (var (m, n, k) in s_sizes)
        {
            var p = new Problem(dtype, m, n, k, false, true, 1, 0);
            Tensor a = Upload(p.A), b = Upload(p.B), c = Upload(p.C), bias = Upload(p.C[..n]);
            long calls = gpu.Blas.Calls;
            Assert.True(gpu.Blas.TryProductWithBias(
                dtype, false, true, m, n, k, (nint)a.Pointer, k, (nint)b.Pointer, k, (nint)c.Pointer, n, (nint)bias.Pointer));
            Assert.Equal(calls + 1, gpu.Blas.Calls);
            double[] expected = p.Loops(beta: 0);
            for (int i = 0; i < expected.Length; i++)
            {
                expected[i] += p.C[i % n];
            }

            AssertClose(c.OnHost().To(DType.F64).ToArray<double>(), expected, rtol, $"{p} + bias");
        }

        Tensor Upload(double[] values) => Tensor.From<double>([values.Length], values).To(dtype).CopyTo(gpu.Memory);
    }

    [Fact]
    public void Double_precision_has_no_product_with_bias_and_says_so()
        => Assert.False(devices.Gpu.Blas.TryProductWithBias(DType.F64, false, false, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0));

    [Theory, InlineData(0, "the result"), InlineData(1, "the first operand"), InlineData(2, "the second operand")]
    public void A_matrix_outside_its_allocation_is_an_illegal_address_that_names_it(int which, string name)
    {
        var gpu = devices.Gpu;
        var blocks = Enumerable.Range(0, 3).Select(i => gpu.Memory.Allocate((i == which ? 63 : 64) * sizeof(float))).ToArray();
        try
        {
            // cuBLAS's first operand is our second: see Blas.Product.
            var error = Assert.Throws<DwarfException>(() => gpu.Blas.Product(
                DType.F32, false, false, 8, 8, 8, (nint)blocks[2].Pointer, 8, 0, (nint)blocks[1].Pointer, 8, 0, (nint)blocks[0].Pointer, 8, 0, 1));
            Assert.Equal(ErrorKind.Internal, error.Kind);
            var fault = Emu.Fault!;
            Assert.Equal(("illegal-address", 700), (fault.Kind, fault.Status));
            Assert.Equal($"matrix product of 8 x 8 x 8, batch 1: {name} lies outside its allocation", fault.Message);
        }
        finally
        {
            Emu.ResetFault();
            Array.ForEach(blocks, b => b.Dispose());
        }
    }

    [Fact]
    public void A_product_neither_allocates_nor_waits()
    {
        var gpu = devices.Gpu;
        using var block = gpu.Memory.Allocate(3 * 4096);
        nint at = (nint)block.Pointer;
        Run(gpu, at);
        Run(gpu, at);
        Emu.ResetCalls();
        long managed = GC.GetAllocatedBytesForCurrentThread();
        Run(gpu, at);
        managed = GC.GetAllocatedBytesForCurrentThread() - managed;
        Assert.Equal(0, managed);
        Assert.Equal(1, Emu.Calls("cublasGemmStridedBatchedEx"));
        Assert.Equal(1, Emu.Calls("cublasLtMatmul"));
        foreach (string call in new[] { "cuMemAlloc_v2", "cuMemFree_v2", "cuStreamSynchronize", "cuCtxSynchronize", "cublasLtMatmulAlgoGetHeuristic" })
        {
            Assert.Equal(0, Emu.Calls(call));
        }

        static void Run(CudaDevice gpu, nint at)
        {
            gpu.Blas.Product(DType.F32, false, false, 8, 8, 8, at, 8, 64, at + 4096, 8, 64, at + 8192, 8, 64, 2);
            Assert.True(gpu.Blas.TryProductWithBias(DType.F32, false, true, 8, 8, 8, at, 8, at + 4096, 8, at + 8192, 8, at));
        }
    }

    private static double Distance(double[] found, double[] expected)
    {
        double distance = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            distance += (found[i] - expected[i]) * (found[i] - expected[i]);
            size += expected[i] * expected[i];
        }

        return Math.Sqrt(distance) / Math.Sqrt(size);
    }

    private static void AssertClose(double[] found, double[] expected, double rtol, string because)
    {
        double distance = Distance(found, expected);
        Assert.True(distance <= rtol, $"{because}: {distance:g3} off");
    }

    /// <summary>Operands with padding between rows and items; what lies in the padding of C must stay.</summary>
    private sealed class Problem
    {
        private readonly DType _dtype;
        private readonly int _m, _n, _k, _batch, _lda, _ldb, _ldc, _strideA, _strideC;
        private readonly bool _transA, _transB;

        public Problem(DType dtype, int m, int n, int k, bool transA, bool transB, int batch, int padding)
        {
            (_dtype, _m, _n, _k, _transA, _transB, _batch) = (dtype, m, n, k, transA, transB, batch);
            (_lda, _ldb, _ldc) = ((transA ? m : k) + padding, (transB ? k : n) + padding, n + padding);
            _strideA = (_lda * (transA ? k : m)) + padding;
            StrideB = (_ldb * (transB ? n : k)) + padding;
            _strideC = (_ldc * m) + padding;
            A = Values(batch * _strideA, 1);
            B = Values(batch * StrideB, 2);
            C = Values(batch * _strideC, 3);
        }

        public double[] A { get; }

        public double[] B { get; }

        public double[] C { get; }

        public int StrideB { get; init; }

        public double[] OnDevice(CudaDevice gpu, double beta)
        {
            Tensor a = Upload(gpu, A), b = Upload(gpu, B), c = Upload(gpu, C);
            gpu.Blas.Product(
                _dtype, _transA, _transB, _m, _n, _k, (nint)a.Pointer, Math.Max(_lda, 1), _strideA,
                (nint)b.Pointer, Math.Max(_ldb, 1), StrideB, (nint)c.Pointer, _ldc, _strideC, _batch, beta);
            return c.OnHost().To(DType.F64).ToArray<double>();
        }

        public double[] Loops(double beta)
        {
            double[] c = [.. C];
            for (int item = 0; item < _batch; item++)
            {
                for (int i = 0; i < _m; i++)
                {
                    for (int j = 0; j < _n; j++)
                    {
                        double sum = 0;
                        for (int t = 0; t < _k; t++)
                        {
                            sum += A[(item * _strideA) + (_transA ? (t * _lda) + i : (i * _lda) + t)]
                                * B[(item * StrideB) + (_transB ? (j * _ldb) + t : (t * _ldb) + j)];
                        }

                        int at = (item * _strideC) + (i * _ldc) + j;
                        c[at] = sum + (beta * c[at]);
                    }
                }
            }

            return c;
        }

        public override string ToString() =>
            $"{_dtype} {_m}x{_n}x{_k}{(_transA ? " aᵀ" : "")}{(_transB ? " bᵀ" : "")} batch {_batch} lda {_lda} ldb {_ldb} ldc {_ldc}";

        private Tensor Upload(CudaDevice gpu, double[] values) =>
            Tensor.From<double>([values.Length], values).To(_dtype).CopyTo(gpu.Memory);

        /// <summary>Multiples of 1/128 from -1 to 1: exact in bf16.</summary>
        private static double[] Values(int count, uint seed)
        {
            double[] values = new double[count];
            uint state = seed;
            for (int i = 0; i < count; i++)
            {
                state = (state * 1664525) + 1013904223;
                values[i] = ((int)(state >> 24) - 128) / 128.0;
            }

            return values;
        }
    }
}
