using Engine.Kernels;
using Xunit;

namespace Engine.Tests.Cuda;

/// <summary>Where NVIDIA's libraries are found, on file systems made for the purpose.</summary>
public sealed class LibraryFinderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dwarf-finder").FullName;
    private readonly Dictionary<string, string> _environment = [];

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_toolkit_of_CUDA_12_is_found_under_usr_local()
    {
        string nvrtc = Place("usr/local/cuda-12.4/lib64/libnvrtc.so.12");
        string cublas = Place("usr/local/cuda-12.4/lib64/libcublas.so.12");
        string light = Place("usr/local/cuda-12.4/lib64/libcublasLt.so.12");
        Assert.Equal(nvrtc, Find("nvrtc"));
        Assert.Equal(cublas, Find("cublas"));
        Assert.Equal(light, Find("cublasLt"));
    }

    [Fact]
    public void A_toolkit_of_CUDA_13_is_found_in_its_targets_folder()
    {
        string nvrtc = Place("usr/local/cuda-13.0/targets/x86_64-linux/lib/libnvrtc.so.13");
        Assert.Equal(nvrtc, Find("nvrtc"));
    }

    [Fact]
    public void The_newest_toolkit_wins_unless_the_driver_is_older()
    {
        string old = Place("usr/local/cuda-12.9/lib64/libnvrtc.so.12");
        Place("usr/local/cuda-12.10/lib64/libnvrtc.so.11");   // of no CUDA that is accepted
        string later = Place("usr/local/cuda-13.1/lib64/libnvrtc.so.13");
        string newest = Place("usr/local/cuda-13.10/lib64/libnvrtc.so.13");
        Assert.Equal(newest, Find("nvrtc"));
        Assert.Equal(old, Finder().Find("nvrtc", newest: 12).Found);
        File.Delete(newest);
        Assert.Equal(later, Find("nvrtc"));
    }

    [Fact]
    public void CUDA_PATH_comes_before_everything_else()
    {
        Place("usr/local/cuda-12.4/lib64/libnvrtc.so.12");
        string own = Place("opt/mine/lib64/libnvrtc.so.12");
        _environment["CUDA_PATH"] = Path.Combine(_root, "opt/mine");
        Assert.Equal(own, Find("nvrtc"));
    }

    [Fact]
    public void The_library_path_comes_before_usr_local()
    {
        Place("usr/local/cuda-12.4/lib64/libcublas.so.12");
        string own = Place("opt/lib/libcublas.so.12");
        _environment["LD_LIBRARY_PATH"] = $"/nowhere:{_root}/opt/lib/";
        Assert.Equal(own, Find("cublas"));
    }

    [Fact]
    public void Python_wheels_of_CUDA_12_are_found_in_the_active_environment()
    {
        string nvrtc = Place("venv/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12");
        string cublas = Place("venv/lib/python3.11/site-packages/nvidia/cublas/lib/libcublas.so.12");
        string nvtx = Place("venv/lib/python3.11/site-packages/nvidia/nvtx/lib/libnvToolsExt.so.1");
        _environment["VIRTUAL_ENV"] = Path.Combine(_root, "venv");
        Assert.Equal(nvrtc, Find("nvrtc"));
        Assert.Equal(cublas, Find("cublas"));
        Assert.Equal(nvtx, Find("nvtx"));
    }

    [Fact]
    public void Python_wheels_of_CUDA_13_are_found_in_their_common_folder()
    {
        string nvrtc = Place("usr/local/lib/python3.13/dist-packages/nvidia/cu13/lib/libnvrtc.so.13");
        string cublas = Place("usr/local/lib/python3.13/dist-packages/nvidia/cu13/lib/libcublas.so.13");
        Assert.Equal(nvrtc, Find("nvrtc"));
        Assert.Equal(cublas, Find("cublas"));
    }

    [Fact]
    public void Windows_has_names_of_its_own()
    {
        string cublas = Place("venv/Lib/site-packages/nvidia/cublas/bin/cublas64_12.dll");
        _environment["VIRTUAL_ENV"] = Path.Combine(_root, "venv");
        var finder = new LibraryFinder(_environment.GetValueOrDefault, File.Exists, _root, windows: true);
        Assert.Equal(cublas, finder.Find("cublas").Found?.Replace('\\', '/'));
        Assert.Contains("nvcuda.dll", finder.Find("cuda").LookedFor);
        Assert.Contains("nvrtc64_130_0.dll", finder.Find("nvrtc").LookedFor);
    }

    [Fact]
    public void The_driver_is_never_taken_from_a_toolkit_which_has_only_a_stub()
    {
        Place("usr/local/cuda-12.4/lib64/libcuda.so.1");
        Place("usr/local/cuda-12.4/lib64/stubs/libcuda.so");
        _environment["CUDA_PATH"] = Path.Combine(_root, "usr/local/cuda-12.4");
        Assert.Null(Find("cuda"));
        string driver = Place("usr/lib/wsl/lib/libcuda.so.1");
        Assert.Equal(driver, Find("cuda"));
    }

    [Fact]
    public void A_file_that_cannot_be_loaded_is_passed_over()
    {
        string broken = Place("usr/local/cuda-13.0/lib64/libnvrtc.so.13");
        string sound = Place("usr/local/cuda-12.0/lib64/libnvrtc.so.12");
        var finder = new LibraryFinder(_environment.GetValueOrDefault, path => path != broken && File.Exists(path), _root);
        Assert.Equal(sound, finder.Find("nvrtc").Found);
    }

    [Fact]
    public void The_systems_loader_is_asked_where_no_folder_has_it()
    {
        var finder = new LibraryFinder(_environment.GetValueOrDefault, path => path == "libcublas.so.12", _root);
        Assert.Equal("libcublas.so.12", finder.Find("cublas").Found);
    }

    [Fact]
    public void What_is_missing_says_names_and_places()
    {
        var search = Finder().Find("nvrtc");
        Assert.Null(search.Found);
        Assert.Contains("libnvrtc.so.13", search.LookedFor);
        Assert.StartsWith("NVIDIA's compiler NVRTC not found (looked for libnvrtc.so.13, libnvrtc.so.12 in ", search.Missing);
        Assert.DoesNotContain('\n', search.Missing);
    }

    private LibraryFinder Finder() => new(_environment.GetValueOrDefault, File.Exists, _root);

    private string? Find(string library) => Finder().Find(library).Found;

    private string Place(string path)
    {
        string full = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, "");
        return full;
    }
}
