using System.Diagnostics;
using System.Runtime.Intrinsics;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Bench;

/// <summary>What this machine can do at most, measured beside each run: multiplying and adding, and copying as many bytes as a case moves.</summary>
/// <param name="device">the device that is timed</param>
internal sealed class Ceilings(Device device)
{
    private const double MemoryBytes = 1 << 28;
    private readonly Dictionary<double, double> _copies = [];

    /// <summary>f32 multiply-adds in GFLOP/s, a multiply-add counting 2: on cpu in the registers of all threads, on a GPU in a square product.</summary>
    public double GigaFlops { get; } = Best(5, () => device is CudaDevice gpu ? CudaCeilings.Product(gpu) : MultiplyAdds((CpuDevice)device));

    /// <summary>GB/s, read and written, of a copy that no cache holds.</summary>
    public double GigaBytes => CopyOf(MemoryBytes);

    /// <summary>GB/s, read and written, of a copy that moves so many bytes: what fits a cache is judged by that cache.</summary>
    public double CopyOf(double bytes)
    {
        bytes = Math.Clamp(Math.Pow(2, Math.Round(Math.Log2(Math.Max(bytes, 1)))), 1 << 16, MemoryBytes);
        if (!_copies.TryGetValue(bytes, out double rate))
        {
            _copies[bytes] = rate = Best(5, () => device is CudaDevice gpu
                ? CudaCeilings.Copy(gpu, (long)bytes / 2)
                : Copy((CpuDevice)device, (long)bytes / 2 / sizeof(float)));
        }

        return rate;
    }

    private static double Best(int times, Func<double> measure) => Enumerable.Range(0, times).Max(_ => measure());

    private static double MultiplyAdds(CpuDevice cpu)
    {
        const long Rounds = 2_000_000;
        var sink = new float[cpu.Threads];
        var watch = Stopwatch.StartNew();
        cpu.For(cpu.Threads, 1, sink, static (in sink, begin, _) => sink[begin] = Chain(Rounds));
        double seconds = watch.Elapsed.TotalSeconds;
        int lanes = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;
        return sink[0] == 0 ? 0 : cpu.Threads * Rounds * 12.0 * lanes * 2 / seconds / 1e9;
    }

    /// <summary>Twelve independent chains: enough to hide the latency of a multiply-add on two ports.</summary>
    private static float Chain(long rounds)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            var (m, c) = (Vector512.Create(0.999999f), Vector512.Create(1e-7f));
            var (a0, a1, a2, a3, a4, a5) = (m, c, m, c, m, c);
            var (b0, b1, b2, b3, b4, b5) = (c, m, c, m, c, m);
            for (long i = 0; i < rounds; i++)
            {
                a0 = Vector512.FusedMultiplyAdd(a0, m, c);
                a1 = Vector512.FusedMultiplyAdd(a1, m, c);
                a2 = Vector512.FusedMultiplyAdd(a2, m, c);
                a3 = Vector512.FusedMultiplyAdd(a3, m, c);
                a4 = Vector512.FusedMultiplyAdd(a4, m, c);
                a5 = Vector512.FusedMultiplyAdd(a5, m, c);
                b0 = Vector512.FusedMultiplyAdd(b0, m, c);
                b1 = Vector512.FusedMultiplyAdd(b1, m, c);
                b2 = Vector512.FusedMultiplyAdd(b2, m, c);
                b3 = Vector512.FusedMultiplyAdd(b3, m, c);
                b4 = Vector512.FusedMultiplyAdd(b4, m, c);
                b5 = Vector512.FusedMultiplyAdd(b5, m, c);
            }

            return Vector512.Sum(a0 + a1 + a2 + a3 + a4 + a5 + b0 + b1 + b2 + b3 + b4 + b5);
        }

        var (m2, c2) = (Vector256.Create(0.999999f), Vector256.Create(1e-7f));
        var (d0, d1, d2, d3, d4, d5) = (m2, c2, m2, c2, m2, c2);
        var (e0, e1, e2, e3, e4, e5) = (c2, m2, c2, m2, c2, m2);
        for (long i = 0; i < rounds; i++)
        {
            d0 = Vector256.FusedMultiplyAdd(d0, m2, c2);
            d1 = Vector256.FusedMultiplyAdd(d1, m2, c2);
            d2 = Vector256.FusedMultiplyAdd(d2, m2, c2);
            d3 = Vector256.FusedMultiplyAdd(d3, m2, c2);
            d4 = Vector256.FusedMultiplyAdd(d4, m2, c2);
            d5 = Vector256.FusedMultiplyAdd(d5, m2, c2);
            e0 = Vector256.FusedMultiplyAdd(e0, m2, c2);
            e1 = Vector256.FusedMultiplyAdd(e1, m2, c2);
            e2 = Vector256.FusedMultiplyAdd(e2, m2, c2);
            e3 = Vector256.FusedMultiplyAdd(e3, m2, c2);
            e4 = Vector256.FusedMultiplyAdd(e4, m2, c2);
            e5 = Vector256.FusedMultiplyAdd(e5, m2, c2);
        }

        return Vector256.Sum(d0 + d1 + d2 + d3 + d4 + d5 + e0 + e1 + e2 + e3 + e4 + e5);
    }

    private static double Copy(CpuDevice cpu, long count)
    {
        var (from, to) = (new Tensor([count], DType.F32), new Tensor([count], DType.F32));
        int repeats = (int)Math.Max(1, (1 << 26) / count);
        var watch = new Stopwatch();
        for (int i = -repeats; i < repeats; i++)
        {
            if (i == 0)
            {
                watch.Start();
            }

            cpu.For(count, 1 << 16, (from, to), static (in t, begin, end) =>
                t.from.Span<float>()[(int)begin..(int)end].CopyTo(t.to.Span<float>()[(int)begin..(int)end]));
        }

        return 2.0 * count * sizeof(float) * repeats / watch.Elapsed.TotalSeconds / 1e9;
    }
}
