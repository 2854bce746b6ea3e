using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Emulator.Tests;

/// <summary>What is compiled when, counted at NVRTC's entry point.</summary>
public sealed class KernelCacheTests(EmulatedDevice device) : IDisposable
{
    private const string Entry = "nvrtcCompileProgram";
    private readonly KernelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_second_start_compiles_nothing()
    {
        Assert.Equal(2, Compiles(Use));
        Assert.Equal(0, Compiles(Use));
        void Use()
        {
            using var gpu = _folder.Open();
            Run(gpu, times: 2);
            Run(gpu, times: 2);   // the same unit again: out of the table
            Run(gpu, times: 3);
        }
    }

    [Fact]
    public void The_device_says_itself_what_it_compiled()
    {
        using (var gpu = _folder.Open())
        {
            Run(gpu, 1);
            Assert.Equal(1, gpu.Compiled);
        }
        using (var gpu = _folder.Open())
        {
            Run(gpu, 1);
            Assert.Equal(0, gpu.Compiled);
        }
    }

    [Fact]
    public void A_changed_kernel_header_or_option_misses()
    {
        Start();
        _folder.Write("scale.cu", KernelFolder.Scale + "\n// changed\n");
        Assert.Equal(1, Compiles(() => Start()));
        _folder.Write("extra.cuh", "constexpr int EXTRA = 1;\n");
        Assert.Equal(1, Compiles(() => Start()));
        Assert.Equal(1, Compiles(() => Start("-DOTHER=1")));
        Assert.Equal(0, Compiles(() => Start()));
        Assert.Equal(0, Compiles(() => Start("-DOTHER=1")));
    }

    [Fact]
    public void Another_architecture_misses()
    {
        Assert.Equal(3, Compiles(() => Build("sm_80")));
        Assert.Equal(3, Compiles(() => Build("sm_90")));
        Assert.Equal(0, Compiles(() => Build("sm_80")));
        void Build(string architecture)
            => Assert.Equal([DType.F32, DType.F64, DType.BF16],
                KernelBuild.All("emulated", architecture, _folder.Options()).Select(built => built.DType));
    }

    [Fact]
    public void Checked_and_plain_kernels_are_entries_of_their_own()
    {
        Start();
        try
        {
            Engine.Kernels.Emulator.SetChecked(true);
            Assert.Equal(1, Compiles(() => Start()));
        }
        finally
        {
            Engine.Kernels.Emulator.SetChecked(false);
        }
        Assert.Equal(0, Compiles(() => Start()));
    }

    [Fact]
    public void A_damaged_entry_is_compiled_again_and_mended()
    {
        Start();
        string entry = Assert.Single(Directory.GetFiles(_folder.CacheFolder));
        byte[] bytes = File.ReadAllBytes(entry);
        bytes[^100] ^= 1;
        File.WriteAllBytes(entry, bytes);
        Assert.Equal(1, Compiles(() => Start()));
        Assert.Equal(0, Compiles(() => Start()));
    }

    [Fact]
    public void An_entry_that_the_driver_does_not_take_is_compiled_again()
    {
        Start();
        string entry = Assert.Single(Directory.GetFiles(_folder.CacheFolder));
        // Whole by its own hash, but no library: as if another machine's file had been copied here.
        new KernelCache(_folder.CacheFolder).Write(Path.GetFileNameWithoutExtension(entry),
            new CompiledImage([1, 2, 3, 4, 5, 6, 7, 8], ""));
        Assert.Equal(1, Compiles(() => Start()));
        Assert.Equal(0, Compiles(() => Start()));
    }

    [Fact]
    public void A_users_file_needs_no_extern_C_and_is_cached_too()
    {
        _folder.Write("student.cu", "__global__ void twice(float* x, int n) { int i = threadIdx.x; if (i < n) x[i] *= 2; }\n");
        Assert.Equal(1, Compiles(Use));
        Assert.Equal(0, Compiles(Use));
        void Use()
        {
            using var gpu = _folder.Open();
            var x = Tensor.From<float>([3], [1, 2, 3]).CopyTo(gpu.Memory);
            gpu.Launch(KernelKey.OfFile(_folder.PathOf("student.cu"), "twice"), DType.F32, 1, 32, 0, [x, 3]);
            Assert.Equal([2, 4, 6], x.OnHost().ToArray<float>());
        }
    }

    private long Compiles(Action work)
    {
        Assert.NotNull(device.Gpu);
        long before = Engine.Kernels.Emulator.Calls(Entry);
        work();
        return Engine.Kernels.Emulator.Calls(Entry) - before;
    }

    private void Start(params string[] options)
    {
        using var gpu = _folder.Open(options);
        Run(gpu, 1);
    }

    private void Run(CudaDevice gpu, int times)
    {
        var x = Tensor.From<float>([5], [1, 2, 3, 4, 5]).CopyTo(gpu.Memory);
        var y = new Tensor([5], DType.F32, gpu.Memory);
        gpu.Launch(_folder.Key, DType.F32, Dim3.Over(5, 4), 4, 0, [x, Arg.Accum(0.5), y, 5L], times);
        int extra = File.ReadAllText(_folder.PathOf("extra.cuh")).Contains('1') ? 1 : 0;
        Assert.Equal([0.5f * times + extra, times + extra, 1.5f * times + extra, 2 * times + extra, 2.5f * times + extra],
            y.OnHost().ToArray<float>());
    }
}
