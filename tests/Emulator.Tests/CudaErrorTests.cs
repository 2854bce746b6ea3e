using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Emulator.Tests;

/// <summary>Everything that can go wrong on a device is one clear line with the right exit code.</summary>
public sealed class CudaErrorTests : IDisposable
{
    private readonly KernelFolder _folder = new();
    private readonly CudaDevice _gpu;

    public CudaErrorTests(EmulatedDevice device)
    {
        Assert.NotNull(device.Gpu);
        _gpu = _folder.Open();
    }

    public void Dispose()
    {
        Engine.Kernels.Emulator.ResetFault();
        Engine.Kernels.Emulator.SetMemory(0);
        _gpu.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_kernel_of_ours_that_does_not_compile_is_a_bug_with_file_and_line()
    {
        _folder.Write("broken.cu",
            "#include \"common.cuh\"\n\nextern \"C\" __global__ void broken(scalar* x) { x[0] = undefined_name; }\n");
        Expect(ErrorKind.Internal, $"{_folder.PathOf("broken.cu")}:3: ",
            () => _gpu.Launch(new KernelKey("broken", "broken"), DType.F32, 1, 1, 0, [(nint)0]));
    }

    [Fact]
    public void A_users_kernel_that_does_not_compile_is_the_users_error()
    {
        _folder.Write("mine.cu", "__global__ void mine(float* x)\n{\n    x[0] = 1\n}\n");
        var error = Expect(ErrorKind.Content, $"{_folder.PathOf("mine.cu")}:",
            () => _gpu.Warm(KernelKey.OfFile(_folder.PathOf("mine.cu"), "mine"), DType.F32));
        Assert.Contains(";", error.Message);
    }

    [Fact]
    public void A_kernel_that_the_file_does_not_have_is_named_with_the_file()
        => Expect(ErrorKind.Internal, $"{_folder.PathOf("scale.cu")}: has no kernel scole",
            () => _gpu.Warm(new KernelKey("scale", "scole"), DType.F32));

    [Fact]
    public void A_kernel_file_that_is_not_there_is_named()
        => Expect(ErrorKind.MissingInput, $"{_folder.PathOf("absent.cu")}: cannot be read",
            () => _gpu.Warm(new KernelKey("absent", "absent"), DType.F32));

    [Theory]
    [InlineData(1568, 2048, 0, "grid 1568, block 2048 (limit 1024), shared 0 B")]
    [InlineData(1, 32, 300_000, "grid 1, block 32, shared 300000 B (limit 232448)")]
    [InlineData(1, 0, 0, "grid 1, block 0 (limit 1024), shared 0 B")]
    public void A_launch_beyond_the_limits_says_which(long grid, long block, int shared, string sizes)
        => Expect(ErrorKind.Internal, $"shared_sum on emulated (sm_90): CUDA_ERROR_INVALID_VALUE; {sizes}",
            () => _gpu.Launch(_folder.SharedSum, DType.F32, grid, block, shared, [(nint)0, (nint)0, 0]));

    [Fact]
    public void A_grid_beyond_the_limits_says_so()
        => Expect(ErrorKind.Internal,
            "shared_sum on emulated (sm_90): CUDA_ERROR_INVALID_VALUE; grid 1x70000 (limit 2147483647x65535x65535), block 32",
            () => _gpu.Launch(_folder.SharedSum, DType.F32, new Dim3(1, 70000), 32, 0, [(nint)0, (nint)0, 0]));

    [Fact]
    public void More_shared_memory_than_usual_is_asked_for_and_given()
    {
        var x = Tensor.From<float>([4], [1, 2, 3, 4]).CopyTo(_gpu.Memory);
        var y = new Tensor([1], DType.F32, _gpu.Memory);
        _gpu.Launch(_folder.SharedSum, DType.F32, 1, 4, 200_000, [x, y, 4]);
        Assert.Equal(10, y.Item());
    }

    [Fact]
    public void Arguments_that_do_not_fit_the_kernel_are_named()
    {
        Expect(ErrorKind.Internal, "scale on emulated (sm_90): takes 4 arguments, found 3",
            () => _gpu.Launch(_folder.Key, DType.F32, 1, 1, 0, [(nint)0, Arg.Accum(1), (nint)0], 1));
        Expect(ErrorKind.Internal, "scale on emulated (sm_90): argument 2 (factor) is accum, found the integer 7",
            () => _gpu.Launch(_folder.Key, DType.F32, 1, 1, 0, [(nint)0, 7, (nint)0, 1L], 1));
        Expect(ErrorKind.Internal, "shared_sum on emulated (sm_90): argument 3 (n) is int, found the integer 4294967296",
            () => _gpu.Launch(_folder.SharedSum, DType.F32, 1, 1, 0, [(nint)0, (nint)0, 1L << 32]));
    }

    [Fact]
    public void Out_of_memory_says_how_much_was_asked_and_is_free()
    {
        Engine.Kernels.Emulator.SetMemory(1 << 20);
        var error = Expect(ErrorKind.Unavailable, "allocating 1,073,741,824 bytes on emulated (sm_90): CUDA_ERROR_OUT_OF_MEMORY; ",
            () => _gpu.Memory.Allocate(1 << 30));
        Assert.Contains("bytes are free", error.Message);
    }

    [Fact]
    public void An_illegal_address_fails_all_later_calls_and_names_the_kernel()
    {
        var y = new Tensor([1], DType.F32, _gpu.Memory);
        Expect(ErrorKind.Internal, "", () =>
        {
            _gpu.Launch(_folder.Wild, DType.F32, 1, 1, 0, [y, 1L << 44]);
            _gpu.Synchronize();
        });
        var later = Expect(ErrorKind.Internal, "waiting for the device on emulated (sm_90): CUDA_ERROR_ILLEGAL_ADDRESS; wild: ",
            _gpu.Synchronize);
        Assert.DoesNotContain('\n', later.Message);
        Expect(ErrorKind.Internal, "", () => y.Item());
        Engine.Kernels.Emulator.ResetFault();
        _gpu.Synchronize();
    }

    [Fact]
    public void A_device_that_is_not_there_is_a_usage_error_or_unavailable()
    {
        Expect(ErrorKind.Usage, "device: expected cuda, cuda:N or emulated, found 'gpu'", () => CudaDevice.Open("gpu"));
        Expect(ErrorKind.Unavailable,
            "device cuda is not available: this process runs on emulated already; one process uses one of the two",
            () => CudaDevice.Open("cuda"));
    }

    [Fact]
    public void An_unknown_architecture_is_a_usage_error()
    {
        Expect(ErrorKind.Usage, "architecture: expected sm_80, sm_90 and the like, found 'hopper'",
            () => Build("hopper"));
        Expect(ErrorKind.Unavailable, "NVRTC 12.8 does not compile for sm_70", () => Build("sm_70"));
    }

    private void Build(string architecture) => Assert.NotEmpty(KernelBuild.All("emulated", architecture, _folder.Options()).ToList());

    private static DwarfException Expect(ErrorKind kind, string begin, Action work)
    {
        var error = Assert.Throws<DwarfException>(work);
        Assert.StartsWith(begin, error.Message);
        Assert.Equal(kind, error.Kind);
        Assert.DoesNotContain('\n', error.Message);
        return error;
    }
}
