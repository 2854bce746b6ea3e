using BenchmarkDotNet.Attributes;
using Engine.Kernels;
using Engine.Tensors;

namespace Engine.Bench;

/// <summary>Matrix products of the small ViT (64 pixels, width 128) and of ViT-B/16, all cores.</summary>
public unsafe class Products
{
    private CpuDevice _cpu = null!;
    private Tensor _a = null!;
    private Tensor _b = null!;
    private Tensor _c = null!;

    [Params("1040x384x128", "1040x512x128", "1576x3072x768", "197x768x768")]
    public string Size { get; set; } = "";

    private long M => Part(0);

    private long N => Part(1);

    private long K => Part(2);

    [GlobalSetup]
    public void Setup()
    {
        _cpu = new CpuDevice();
        (_a, _b, _c) = (new Tensor([M, K], DType.F32), new Tensor([N, K], DType.F32), new Tensor([M, N], DType.F32));
    }

    [GlobalCleanup]
    public void Cleanup() => _cpu.Dispose();

    [Benchmark]
    public void Linear() => Gemm.Run(_cpu, false, true, M, N, K, _a.Data<float>(), K, _b.Data<float>(), K, _c.Data<float>(), N);

    private long Part(int i) => long.Parse(Size.Split('x')[i], System.Globalization.CultureInfo.InvariantCulture);
}
