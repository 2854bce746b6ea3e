using Engine.Kernels;

namespace Emulator.Tests;

/// <summary>Kernels and a cache of a test's own, on the device that all tests share.</summary>
public sealed class KernelFolder : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dwarf-kernels").FullName;

    public KernelFolder()
    {
        Directory.CreateDirectory(Path.Combine(_root, "kernels"));
        Write("common.cuh", File.ReadAllText(Path.Combine(KernelFiles.Folder, "common.cuh")));
        Write("extra.cuh", "constexpr int EXTRA = 0;\n");
        Write("scale.cu", Scale);
    }

    public const string Scale = """
        #include "common.cuh"
        #include "extra.cuh"
        #ifndef TIMES
        #define TIMES 1
        #endif
        extern "C" __global__ void scale(const scalar* x, accum factor, scalar* y, long long n)
        {
            long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
            if (i < n) y[i] = to_scalar(to_accum(x[i]) * factor * accum(TIMES) + accum(EXTRA));
        }
        extern "C" __global__ void shared_sum(const scalar* x, scalar* y, int n)
        {
            extern __shared__ __align__(16) unsigned char shared[];
            accum* at = reinterpret_cast<accum*>(shared);
            at[threadIdx.x] = threadIdx.x < n ? to_accum(x[threadIdx.x]) : accum(0);
            __syncthreads();
            if (threadIdx.x == 0)
            {
                accum sum = 0;
                for (int i = 0; i < (int)blockDim.x; i++) sum += at[i];
                y[0] = to_scalar(sum);
            }
        }
        extern "C" __global__ void wild(scalar* y, long long n) { y[n] = to_scalar(accum(1)); }
        """;

    /// <summary>The key of `scale`, compiled for each value of TIMES.</summary>
    public KernelKey Key { get; } = new("scale", "scale", "TIMES");

    public KernelKey SharedSum { get; } = new("scale", "shared_sum");

    public KernelKey Wild { get; } = new("scale", "wild");

    public string CacheFolder => Path.Combine(_root, "cache");

    public string PathOf(string name) => Path.Combine(_root, "kernels", name);

    public void Write(string name, string text) => File.WriteAllText(PathOf(name), text);

    public CudaOptions Options(params string[] compilerOptions) => new()
    {
        KernelFolder = Path.Combine(_root, "kernels"),
        CacheFolder = CacheFolder,
        CompilerOptions = compilerOptions,
    };

    public CudaDevice Open(params string[] compilerOptions) => CudaDevice.Open("emulated", Options(compilerOptions));

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
