using Xunit;

namespace Emulator.Tests;

/// <summary>A machine that lacks something of CUDA: one clear line, exit code 69, no crash. Each case is a process of its own.</summary>
public sealed class MissingCudaTests : IDisposable
{
    private readonly FakeCuda _fake = new();

    public void Dispose() => _fake.Dispose();

    [Fact]
    public void No_driver() => Expect("device cuda is not available: NVIDIA's driver not found (looked for libcuda.so.1, libcuda.so in ",
        []);

    [Fact]
    public void A_driver_that_is_too_old_says_which_versions()
    {
        _fake.Add("libcuda.so.1");
        Expect("device cuda is not available: the driver is of CUDA 11.4, 12.0 or later is needed", new() { ["FAKE_VERSION"] = "11040" });
    }

    [Fact]
    public void A_driver_that_sees_no_device()
    {
        _fake.Add("libcuda.so.1");
        Expect("device cuda is not available: the driver sees 0 devices", new() { ["FAKE_DEVICES"] = "0" });
        Expect("starting the driver on cuda: CUDA_ERROR_NO_DEVICE", new() { ["FAKE_INIT"] = "100" });
    }

    [Fact]
    public void A_device_beyond_those_that_are_there()
    {
        _fake.Add("libcuda.so.1");
        Expect("device cuda:3 is not available: the driver sees 1 device", [], "cuda:3");
    }

    [Fact]
    public void A_driver_without_the_compiler_or_with_that_of_a_later_CUDA()
    {
        _fake.Add("libcuda.so.1");
        Expect("device cuda is not available: NVIDIA's compiler NVRTC not found (looked for libnvrtc.so.13, libnvrtc.so.12 in ",
            new() { ["FAKE_VERSION"] = "13000" });
        _fake.Add("libnvrtc.so.13", "extern \"C\" int nvrtcVersion(int*, int*) { return 0; }");
        Expect("device cuda is not available: NVIDIA's compiler NVRTC not found (looked for libnvrtc.so.12 in ", []);
        Expect("device cuda is not available: cuBLAS not found (looked for libcublas.so.13, libcublas.so.12 in ",
            new() { ["FAKE_VERSION"] = "13000" });
    }

    [Fact]
    public void A_driver_that_is_no_library_at_all()
    {
        _fake.Add("libcuda.so.1", "extern \"C\" int nothing() { return 0; }");
        var (code, output) = _fake.Dwarf([], "devices");
        Assert.Equal(0, code);
        Assert.Contains("is not NVIDIA's driver", output);
    }

    [Fact]
    public void Devices_tells_what_is_there_and_what_is_missing()
    {
        _fake.Add("libcuda.so.1");
        _fake.Add("libnvrtc.so.12");
        var (code, output) = _fake.Dwarf([], "devices", "--verbose");
        Assert.Equal(0, code);
        Assert.Contains("cuda       not available: cuBLAS not found (looked for libcublas.so.12 in ", output);
        Assert.Contains("nvrtc: ", output);
        Assert.Contains("libnvrtc.so.12", output);
        _fake.Add("libcublas.so.12");
        _fake.Add("libcublasLt.so.12");
        Assert.Contains("cuda       Fake GPU (driver of CUDA 12.4)", _fake.Dwarf([], "devices").Output);
    }

    [Fact]
    public void An_emulator_without_a_compiler()
        => Expect("device emulated is not available: it needs a C++ compiler, and no-such-compiler cannot be started",
            new() { ["CXX"] = "no-such-compiler" }, "emulated");

    [Fact]
    public void Kernels_are_not_built_without_a_compiler()
    {
        var (code, output) = _fake.Dwarf([], "kernels", "build");
        Assert.Equal(69, code);
        Assert.StartsWith("dwarf: device cuda is not available: NVIDIA's compiler NVRTC not found", output);
    }

    private void Expect(string line, Dictionary<string, string> environment, string device = "cuda")
    {
        var (code, output) = _fake.Dwarf(environment, "bench", "ops", "--device", device, "--json");
        Assert.StartsWith("dwarf: " + line, output);
        Assert.Single(output.TrimEnd().Split('\n'));
        Assert.Equal(69, code);
    }
}
