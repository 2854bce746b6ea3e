using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Cuda;

/// <summary>Compiled kernels on disk: what makes an entry another one, and what happens to damaged ones.</summary>
public sealed class KernelCacheTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-cache").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_key_changes_with_source_header_option_architecture_and_compiler_only()
    {
        string Key(string source = "#include \"a.cuh\"\n", string header = "#include \"b.cuh\"", string inner = "int b;",
            string option = "-DX=1",
            string architecture = "sm_90", string compiler = "nvrtc 12.4", string? kernel = null)
        {
            File.WriteAllText(Path.Combine(_folder, "k.cu"), source);
            File.WriteAllText(Path.Combine(_folder, "a.cuh"), header);
            File.WriteAllText(Path.Combine(_folder, "b.cuh"), inner);
            var loaded = KernelSource.Load(Path.Combine(_folder, "k.cu"), _folder);
            return KernelCache.KeyOf(loaded, new CompileTarget(architecture, ["-std=c++17", option], kernel), compiler);
        }
        string[] keys =
        [
            Key(), Key(source: "#include \"a.cuh\"\n//"), Key(header: "#include \"b.cuh\"\n"), Key(inner: "int c;"), Key(option: "-DX=2"),
            Key(architecture: "sm_80"), Key(compiler: "nvrtc 12.5"), Key(kernel: "k"),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(keys[0], Key());
    }

    [Fact]
    public void Headers_are_found_through_headers_and_beside_the_file_before_the_folder()
    {
        string own = Path.Combine(_folder, "own");
        Directory.CreateDirectory(own);
        File.WriteAllText(Path.Combine(own, "k.cu"), "  #  include <a.cuh>\n#include \"nowhere.cuh\"\n");
        File.WriteAllText(Path.Combine(own, "a.cuh"), "#include \"b.cuh\"\n#include \"a.cuh\"\n");
        File.WriteAllText(Path.Combine(_folder, "a.cuh"), "the wrong one");
        File.WriteAllText(Path.Combine(_folder, "b.cuh"), "int b;");
        var source = KernelSource.Load(Path.Combine(own, "k.cu"), _folder);
        Assert.Equal(["a.cuh", "b.cuh"], source.Headers.Select(header => header.Name));
        Assert.StartsWith("#include \"b.cuh\"", source.Headers[0].Text);
        var error = Assert.Throws<DwarfException>(() => KernelSource.Load(Path.Combine(own, "absent.cu"), _folder));
        Assert.Equal(ErrorKind.MissingInput, error.Kind);
    }

    [Fact]
    public void An_entry_comes_back_as_written()
    {
        var cache = new KernelCache(Path.Combine(_folder, "made", "on", "demand"));
        Assert.Null(cache.TryRead("00"));
        cache.Write("00", new CompiledImage([1, 2, 0, 3], "_Z5scalePf"));
        var read = cache.TryRead("00")!.Value;
        Assert.Equal([1, 2, 0, 3], read.Image);
        Assert.Equal("_Z5scalePf", read.LoweredName);
        Assert.Single(Directory.GetFiles(Path.Combine(_folder, "made", "on", "demand")));
    }

    [Fact]
    public void A_damaged_entry_counts_as_absent_wherever_the_damage_is()
    {
        var cache = new KernelCache(_folder);
        cache.Write("00", new CompiledImage([1, 2, 3, 4, 5, 6, 7, 8], "name"));
        string path = Assert.Single(Directory.GetFiles(_folder));
        byte[] sound = File.ReadAllBytes(path);
        for (int i = 0; i < sound.Length; i++)
        {
            byte[] damaged = [.. sound];
            damaged[i] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Assert.True(cache.TryRead("00") is null, $"byte {i} of {sound.Length} was changed unseen");
            File.WriteAllBytes(path, sound[..i]);
            Assert.True(cache.TryRead("00") is null, $"an entry cut to {i} bytes was taken");
        }
        File.WriteAllBytes(path, sound);
        Assert.NotNull(cache.TryRead("00"));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_costs_nothing_but_the_cache()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var cache = new KernelCache(Path.Combine(file, "below"));
        cache.Write("00", new CompiledImage([1], ""));
        Assert.Null(cache.TryRead("00"));
    }

    [Theory]
    [InlineData("k.cu(12): warning #177-D: variable \"x\" was never used\nk.cu(14): error: identifier \"y\" is undefined\n",
        "k.cu:14: identifier \"y\" is undefined")]
    [InlineData("/a b/k.cu:3:7: warning: unused\n/a b/k.cu:9:1: error: expected ';' before '}'\n", "/a b/k.cu:9: expected ';' before '}'")]
    [InlineData("common.cuh(2): catastrophic error: could not open source file \"x.h\"\n",
        "common.cuh:2: could not open source file \"x.h\"")]
    [InlineData("\nno place here\n", "/k/k.cu: does not compile: no place here")]
    [InlineData("", "/k/k.cu: does not compile: NVRTC_ERROR_COMPILATION")]
    public void The_first_error_of_a_log_becomes_one_line(string log, string line)
        => Assert.Equal(line, KernelCompiler.FirstError(log, "/k/k.cu", "NVRTC_ERROR_COMPILATION"));
}
