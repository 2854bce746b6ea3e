using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Bench;

/// <summary>The ceilings of a CUDA device, timed by its own events.</summary>
internal static unsafe class CudaCeilings
{
    /// <summary>GFLOP/s of a square f32 product without tensor cores; a small one on the emulator, whose figure means nothing beyond itself.</summary>
    public static double Product(CudaDevice gpu)
    {
        long n = gpu.Name == "emulated" ? 512 : 8192;
        var (a, b, c) = (Filled(gpu, [n, n]), Filled(gpu, [n, n]), new Tensor([n, n], DType.F32, gpu.Memory));
        double seconds = Time(gpu, 3, () => gpu.Blas.Product(
            DType.F32, false, false, n, n, n, (nint)a.Pointer, n, 0, (nint)b.Pointer, n, 0, (nint)c.Pointer, n, 0, 1));
        return 2.0 * n * n * n / seconds / 1e9;
    }

    /// <summary>GB/s, read and written, of copies of so many bytes within the device.</summary>
    public static double Copy(CudaDevice gpu, long bytes)
    {
        var (from, to) = (new Tensor([bytes], DType.Bool, gpu.Memory), new Tensor([bytes], DType.Bool, gpu.Memory));
        int times = (int)Math.Clamp((1L << 28) / Math.Max(bytes, 1), 1, 100);
        return 2.0 * bytes / Time(gpu, times, () => to.CopyFrom(from)) / 1e9;
    }

    private static double Time(CudaDevice gpu, int times, Action run)
    {
        run();
        using var timer = gpu.NewTimer();
        timer.Start();
        for (int i = 0; i < times; i++)
        {
            run();
        }

        return timer.Stop() / 1e3 / times;
    }

    /// <summary>Numbers, not zeros: a product of zeros draws less power and runs faster than any real one.</summary>
    private static Tensor Filled(CudaDevice gpu, Shape shape) => OpCases.Random(shape).CopyTo(gpu.Memory);
}
