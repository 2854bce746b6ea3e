using System.Text.Json;
using Dwarf.Tests.Shell;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>`kernels run` as a user calls it: exit codes, one line for an error, files, JSON.</summary>
public sealed class KernelsRunTests : IDisposable
{
    private const string Scale = """
        __global__ void scale(const float* x, float* y, float by, int n)
        {
            int i = blockIdx.x * blockDim.x + threadIdx.x;
            if (i < n) y[i] = by * x[i];
        }
        template <typename T> __global__ void twice(T* x) { x[threadIdx.x] *= 2; }

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-kernels-").FullName;

    [Fact]
    public void It_runs_a_kernel_and_writes_every_tensor()
    {
        string file = Write(Scale), result = Path.Combine(_folder, "out.safetensors");
        var run = Run(file, "--kernel", "scale", "--grid", "2", "--block", "32", "--arg", "zeros:x:f32:40", "--arg", "zeros:y:f32:4,10",
            "--arg", "f32:3", "--arg", "i32:40", "--out", result, "--json");
        Assert.True(run.Code == 0, run.Error);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Empty(document.RootElement.GetProperty("faults").EnumerateArray());
        var listed = Invocation.Of("weights", "inspect", result);
        Assert.Contains("x", listed.Out, StringComparison.Ordinal);
        Assert.Contains("[4,10]", listed.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_ends_in_65_with_the_document_on_standard_output()
    {
        string file = Write(Scale);
        var run = Run(file, "--kernel", "scale", "--grid", "2", "--block", "32", "--arg", "zeros:x:f32:40", "--arg", "zeros:y:f32:40",
            "--arg", "f32:3", "--arg", "i32:41", "--check", "--json");
        Assert.Equal(65, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        var fault = document.RootElement.GetProperty("faults")[0];
        Assert.Equal("out-of-bounds", fault.GetProperty("kind").GetString());
        Assert.Equal(4, fault.GetProperty("line").GetInt32());
        Assert.Equal([1, 0, 0], fault.GetProperty("block").EnumerateArray().Select(each => each.GetInt32()));
        Assert.Equal([8, 0, 0], fault.GetProperty("thread").EnumerateArray().Select(each => each.GetInt32()));
        var counters = document.RootElement.GetProperty("counters");
        Assert.Equal(164, counters.GetProperty("global_bytes_read").GetInt64());
        Assert.Equal(4, counters.GetProperty("lines")[0].GetProperty("line").GetInt32());
    }

    [Fact]
    public void A_null_pointer_without_check_is_a_fault_and_no_crash()
    {
        string file = Write(Scale);
        var run = Run(file, "--kernel", "scale", "--grid", "1", "--block", "32", "--arg", "null", "--arg", "null", "--arg", "f32:3", "--arg", "i32:4", "--json");
        Assert.Equal(65, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        Assert.Equal("illegal-address", document.RootElement.GetProperty("faults")[0].GetProperty("kind").GetString());
    }

    [Fact]
    public void A_kernel_that_never_ends_is_a_deadlock()
    {
        string file = Write("__global__ void spin(volatile int* x)\n{\n    while (*x == 0) { }\n}\n");
        var run = Run(file, "--kernel", "spin", "--grid", "1", "--block", "32", "--arg", "zeros:x:i32:1", "--timeout", "1", "--json");
        Assert.Equal(65, run.Code);
        using var document = JsonDocument.Parse(run.Out);
        var fault = document.RootElement.GetProperty("faults")[0];
        Assert.Equal("deadlock", fault.GetProperty("kind").GetString());
        Assert.Equal(3, fault.GetProperty("line").GetInt32());
    }

    [Fact]
    public void A_file_that_does_not_compile_names_its_first_error()
    {
        string file = Write("__global__ void k(float* x)\n{\n    x[0] = undeclared;\n}\n");
        var run = Run(file, "--kernel", "k", "--grid", "1", "--block", "1", "--arg", "zeros:x:f32:1", "--json");
        Assert.Equal(65, run.Code);
        Assert.Empty(run.Out);
        Assert.Contains("k.cu:3:", run.Error, StringComparison.Ordinal);
        Assert.Contains("undeclared", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, "no kernel 'scal'; did you mean 'scale'?", "scal")]
    [InlineData(64, "twice is a template", "twice")]
    [InlineData(64, "expected X, X,Y or X,Y,Z", "scale", "--grid", "0")]
    [InlineData(64, "expected tensor:NAME", "scale", "--arg", "float:3")]
    [InlineData(64, "expected a number of type i32", "scale", "--arg", "i32:x")]
    [InlineData(64, "--in FILE is not given", "scale", "--arg", "tensor:x")]
    [InlineData(64, "--device: expected emulated", "scale", "--device", "tpu")]
    [InlineData(64, "unknown option", "scale", "--chekc")]
    [InlineData(65, "takes 4 arguments, found 1", "scale", "--arg", "i32:1")]
    [InlineData(65, "limit 1024", "scale", "--block", "2048", "--arg", "null", "--arg", "null", "--arg", "f32:1", "--arg", "i32:1")]
    [InlineData(66, "no such file", "scale", "--in", "/nowhere/x.safetensors")]
    [InlineData(69, "cuda", "scale", "--device", "cuda")]
    public void An_error_of_the_user_is_one_line(int code, string words, string kernel, params string[] more)
    {
        string file = Write(Scale);
        var options = new List<string> { "--kernel", kernel };
        options.AddRange(more.Contains("--grid") ? [] : ["--grid", "1"]);
        options.AddRange(more.Contains("--block") ? [] : ["--block", "1"]);
        var run = Run(file, [.. options, .. more]);
        if (code == 69 && run.Code != 69)
        {
            Assert.Skip("a GPU is here");
        }

        Assert.True(run.Code == code, $"exit {run.Code}: {run.Error}");
        Assert.Contains(words, run.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text)
    {
        string path = Path.Combine(_folder, "k.cu");
        File.WriteAllText(path, text);
        return path;
    }

    private static Invocation Run(string file, params string[] options) => Invocation.Of(["kernels", "run", file, .. options]);
}
