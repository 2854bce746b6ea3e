using System.Text.Json;

namespace Engine.Kernels;

/// <summary>A fault that the instruments found in a kernel; the first of its kind and line.</summary>
/// <param name="Kind">out-of-bounds, race, uninitialised, misaligned, divergent-barrier, absent-lane, deadlock, illegal-address, trap, assert</param>
/// <param name="Kernel">its name</param> <param name="File">source file, or empty</param> <param name="Line">line, or 0 where unknown</param>
/// <param name="Block">blockIdx</param> <param name="Thread">threadIdx</param> <param name="Message">what happened, in words</param>
public sealed record KernelFault(string Kind, string Kernel, string File, int Line, Dim3 Block, Dim3 Thread, string Message);

/// <summary>What warp instructions did to memory. Nothing here is a time: caches, latencies and clocks are not modelled.</summary>
/// <param name="GlobalBytesRead">active lanes × size; an atomic reads and writes</param>
/// <param name="GlobalBytesWritten">active lanes × size</param>
/// <param name="GlobalSectors">distinct 32-byte sectors of each warp instruction, summed</param>
/// <param name="IdealGlobalSectors">distinct bytes of each warp instruction / 32, rounded up, summed</param>
/// <param name="SharedPasses">for each warp instruction the most words of one of the 32 banks, summed; a word wanted twice counts once</param>
/// <param name="IdealSharedPasses">distinct bytes of each warp instruction / 128, rounded up, summed</param>
/// <param name="Barriers">barriers passed, once for each block</param>
/// <param name="MemoryInstructions">of warps, global and shared</param>
/// <param name="LaneOccupancy">active lanes / 32, mean over memory instructions; 0 without any</param>
public sealed record KernelCounters(
    long GlobalBytesRead,
    long GlobalBytesWritten,
    long GlobalSectors,
    long IdealGlobalSectors,
    long SharedPasses,
    long IdealSharedPasses,
    long Barriers,
    long MemoryInstructions,
    double LaneOccupancy);

/// <summary>One memory instruction of a warp as it happened.</summary>
/// <param name="Space">global or shared</param> <param name="Access">read, write or atomic</param>
/// <param name="Bytes">of each lane</param>
/// <param name="Object">name of the tensor or shared array; empty for an unnamed allocation</param>
/// <param name="Block">number of the block, x fastest</param> <param name="Warp">number of the warp in its block</param>
/// <param name="Addresses">of the 32 lanes, in bytes from the start of the object; null for a lane that takes no part</param>
public sealed record AccessSample(
    string Space, string Access, int Bytes, string Object, long Block, int Warp, IReadOnlyList<long?> Addresses);

/// <summary>The counters of one source line.</summary>
/// <param name="File">source file</param> <param name="Line">line</param> <param name="Counters">as of the launch</param>
/// <param name="Samples">its first instructions, as many as were asked for</param>
public sealed record LineReport(string File, int Line, KernelCounters Counters, IReadOnlyList<AccessSample> Samples);

/// <summary>What the instruments saw of one launch.</summary>
/// <param name="Kernel">its name</param> <param name="File">its source file</param>
/// <param name="Grid">blocks</param> <param name="Block">threads of a block</param> <param name="SharedBytes">static and dynamic</param>
/// <param name="Faults">none where only counting was asked for</param>
/// <param name="Counters">of the whole launch</param> <param name="Lines">in the order of file and line</param>
public sealed record LaunchReport(
    string Kernel,
    string File,
    Dim3 Grid,
    Dim3 Block,
    int SharedBytes,
    IReadOnlyList<KernelFault> Faults,
    KernelCounters Counters,
    IReadOnlyList<LineReport> Lines)
{
    /// <summary>Reads what the emulator wrote.</summary>
    internal static IReadOnlyList<LaunchReport> Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(One)];
    }

    private static LaunchReport One(JsonElement launch)
    {
        var counters = launch.GetProperty("counters");
        return new LaunchReport(
            Text(launch, "kernel"),
            Text(launch, "file"),
            Triple(launch, "grid"),
            Triple(launch, "block"),
            launch.GetProperty("shared_bytes").GetInt32(),
            [.. launch.GetProperty("faults").EnumerateArray().Select(fault => new KernelFault(
                Text(fault, "kind"), Text(fault, "kernel"), Text(fault, "file"), fault.GetProperty("line").GetInt32(),
                Triple(fault, "block"), Triple(fault, "thread"), Text(fault, "message")))],
            Counts(counters),
            [.. counters.GetProperty("lines").EnumerateArray().Select(line => new LineReport(
                Text(line, "file"), line.GetProperty("line").GetInt32(), Counts(line),
                [.. line.GetProperty("samples").EnumerateArray().Select(Sample)]))]);
    }

    private static KernelCounters Counts(JsonElement e)
    {
        long Number(string name) => e.GetProperty(name).GetInt64();
        return new KernelCounters(
            Number("global_bytes_read"), Number("global_bytes_written"), Number("global_sectors"), Number("ideal_global_sectors"),
            Number("shared_passes"), Number("ideal_shared_passes"), Number("barriers"), Number("memory_instructions"),
            e.GetProperty("lane_occupancy").GetDouble());
    }

    private static AccessSample Sample(JsonElement e) => new(
        Text(e, "space"), Text(e, "access"), e.GetProperty("bytes").GetInt32(), Text(e, "object"), e.GetProperty("block").GetInt64(),
        e.GetProperty("warp").GetInt32(),
        [.. e.GetProperty("addresses").EnumerateArray()
            .Select(address => address.ValueKind == JsonValueKind.Null ? (long?)null : address.GetInt64())]);

    private static string Text(JsonElement e, string name) => e.GetProperty(name).GetString()!;

    private static Dim3 Triple(JsonElement e, string name)
    {
        var array = e.GetProperty(name);
        return new Dim3(array[0].GetUInt32(), array[1].GetUInt32(), array[2].GetUInt32());
    }
}
