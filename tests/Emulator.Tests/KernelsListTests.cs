using System.Text.Json;
using Dwarf.Tests.Shell;
using Xunit;

namespace Emulator.Tests;

/// <summary>`kernels list --device`: what each kernel takes, compiled.</summary>
public sealed class KernelsListTests
{
    [Fact]
    public void Every_kernel_compiles_and_says_its_static_shared_memory()
    {
        Invocation run = Invocation.Of("kernels", "list", "--device", "emulated", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonElement[] resources = [.. JsonDocument.Parse(run.Out).RootElement.EnumerateArray().Select(kernel => kernel.GetProperty("resources"))];
        Assert.True(resources.Length >= 50, $"{resources.Length} kernels");
        Assert.All(resources, each => Assert.InRange(each.GetProperty("block_threads").GetInt32(), 32, 1024));
        Assert.All(resources, each => Assert.InRange(each.GetProperty("static_shared").GetInt32(), 0, 48 << 10));
        Assert.Contains(resources, each => each.GetProperty("static_shared").GetInt32() > 0);
    }
}
