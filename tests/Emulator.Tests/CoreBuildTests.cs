using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Emulator.Tests;

/// <summary>The emulator is built once for each state of its sources, by several at once if need be; its absence is one line.</summary>
public sealed class CoreBuildTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dwarf-emulator").FullName;

    public CoreBuildTests() => File.WriteAllText(Path.Combine(_root, "one.cpp"), "extern \"C\" int one() { return 1; }\n");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_second_call_builds_nothing_and_a_changed_source_builds_again()
    {
        string cache = Path.Combine(_root, "cache");
        var (library, key) = EmulatorBuild.Ensure(_root, cache);
        var written = File.GetLastWriteTimeUtc(library);
        Assert.Equal((library, key), EmulatorBuild.Ensure(_root, cache));
        Assert.Equal(written, File.GetLastWriteTimeUtc(library));
        File.WriteAllText(Path.Combine(_root, "header.h"), "#pragma once\n");
        Assert.NotEqual(key, EmulatorBuild.Ensure(_root, cache).Key);
        Assert.Equal(2, Directory.GetFileSystemEntries(cache).Length);      // nothing but the two libraries stays
    }

    [Fact]
    public void Builders_that_come_at_once_all_get_a_library()
    {
        string cache = Path.Combine(_root, "cache");
        string[] found = new string[4];
        Parallel.For(0, found.Length, i => found[i] = EmulatorBuild.Ensure(_root, cache).Library);
        Assert.Single(found.Distinct());
        Assert.True(System.Runtime.InteropServices.NativeLibrary.TryLoad(found[0], out nint handle));
        System.Runtime.InteropServices.NativeLibrary.Free(handle);
    }

    [Fact]
    public void A_missing_compiler_is_one_line_that_says_what_to_install()
    {
        string? before = Environment.GetEnvironmentVariable("CXX");
        Environment.SetEnvironmentVariable("CXX", "no-such-compiler");
        try
        {
            var error = Assert.Throws<DwarfException>(() => EmulatorBuild.Ensure(_root, Path.Combine(_root, "cache")));
            Assert.Equal(ErrorKind.Unavailable, error.Kind);
            Assert.Equal(
                "device emulated is not available: it needs a C++ compiler, and no-such-compiler cannot be started; install g++ or set CXX",
                error.Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable("CXX", before);
        }
    }

    [Fact]
    public void Sources_that_do_not_compile_are_one_line_with_file_and_line()
    {
        File.WriteAllText(Path.Combine(_root, "two.cpp"), "int two()\n{\n    return nothing;\n}\n");
        var error = Assert.Throws<DwarfException>(() => EmulatorBuild.Ensure(_root, Path.Combine(_root, "cache")));
        Assert.Equal(ErrorKind.Unavailable, error.Kind);
        Assert.Contains("two.cpp:3:", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }
}
