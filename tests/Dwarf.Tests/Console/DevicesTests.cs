using System.Text.Json;
using Xunit;

namespace Dwarf.Tests.Shell;

public sealed class DevicesTests
{
    [Fact]
    public void Lists_the_processor_and_says_what_the_others_lack()
    {
        Invocation run = Invocation.Of("devices", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        JsonElement[] devices = [.. JsonDocument.Parse(run.Out).RootElement.EnumerateArray()];
        Assert.Equal(["cpu", "cuda", "emulated"], devices.Select(device => device.GetProperty("name").GetString()));
        Assert.True(devices[0].GetProperty("available").GetBoolean());
        Assert.Equal(Environment.ProcessorCount, devices[0].GetProperty("cores").GetInt32());
        Assert.True(devices[0].GetProperty("memory_bytes").GetInt64() > 1 << 26);
        foreach (JsonElement device in devices.Where(device => !device.GetProperty("available").GetBoolean()))
        {
            Assert.False(string.IsNullOrEmpty(device.GetProperty("missing").GetString()));
        }
    }

    [Fact]
    public void Says_the_same_in_words() => Assert.Equal(3, Invocation.Of("devices").Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
}
