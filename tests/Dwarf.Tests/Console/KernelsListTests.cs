using System.Text.Json;
using Engine.Kernels;
using Xunit;

namespace Dwarf.Tests.Shell;

public sealed class KernelsListTests
{
    [Fact]
    public void Names_each_kernels_operators_launch_shared_memory_and_bytes()
    {
        Invocation run = Invocation.Of("kernels", "list", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonElement[] kernels = [.. JsonDocument.Parse(run.Out).RootElement.EnumerateArray()];
        Assert.Equal(KernelFiles.All().Sum(file => KernelHeader.Read(file).Count), kernels.Length);
        Assert.True(kernels.Length >= 50, $"{kernels.Length} kernels");
        foreach (JsonElement kernel in kernels)
        {
            Assert.True(kernel.GetProperty("operators").GetArrayLength() > 0);
            Assert.All(
                ["name", "file", "summary", "launch", "shared", "reads", "writes", "bound", "why"],
                key => Assert.False(string.IsNullOrWhiteSpace(kernel.GetProperty(key).GetString()), $"{kernel.GetProperty("name")} lacks {key}"));
            Assert.Contains("grid ", kernel.GetProperty("launch").GetString());
        }
        JsonElement norm = kernels.Single(kernel => kernel.GetProperty("name").GetString() == "layer_norm_forward");
        Assert.Equal("layer_norm.cu", norm.GetProperty("file").GetString());
        Assert.Equal("layer_norm", norm.GetProperty("operators")[0].GetString());
    }

    [Fact]
    public void Says_the_same_in_words()
    {
        Invocation run = Invocation.Of("kernels", "list");
        Assert.Equal(0, run.Code);
        Assert.Contains("layer_norm_forward  (layer_norm; layer_norm.cu:", run.Out);
    }
}
