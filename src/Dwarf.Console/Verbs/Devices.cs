using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Dwarf.Cli.Verbs;

/// <summary>
/// `devices`: the back ends, and what is missing for those that are not there. Also the smallest example of a verb: no option of its own,
/// a result for people and the same result as JSON.
/// </summary>
public sealed class Devices : Verb
{
    /// <inheritdoc/>
    public override string Name => "devices";

    /// <inheritdoc/>
    public override string Summary => "Lists the back ends, and what is missing for those that are not there";

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        Device[] devices =
        [
            new("cpu", true, Environment.ProcessorCount, SimdBits, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, null),
            new("cuda", false, null, null, null, "this build has no CUDA back end yet (driver API, NVRTC and cuBLAS bindings)"),
            new("emulated", false, null, null, null, "this build has no SIMT emulator yet"),
        ];
        if (context.Json)
        {
            context.WriteJson(new { Devices = devices });
            return 0;
        }
        foreach (Device device in devices)
        {
            context.Out.WriteLine(device.Available
                ? $"{device.Name,-10} {device.Cores} cores, {device.SimdBits}-bit SIMD ({RuntimeInformation.ProcessArchitecture}), {device.MemoryBytes >> 20} MiB of memory"
                : $"{device.Name,-10} not built yet: {device.Missing}");
        }
        return 0;
    }

    private static int SimdBits =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 64;

    private sealed record Device(string Name, bool Available, int? Cores, int? SimdBits, long? MemoryBytes, string? Missing);
}
