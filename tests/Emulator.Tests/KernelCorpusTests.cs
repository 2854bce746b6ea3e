using System.Globalization;
using Dwarf.Cli.Kernels;
using Engine.Kernels;
using Xunit;

namespace Emulator.Tests;

/// <summary>Kernels as students write them: right ones, of which nothing may be told, and wrong ones, with what must be told.</summary>
public sealed class KernelCorpusTests(CheckedDevice device) : IClassFixture<CheckedDevice>
{
    public static TheoryData<string> Good => [.. KernelCase.Names("good")];

    public static TheoryData<string> Bad => [.. KernelCase.Names("bad")];

    [Theory, MemberData(nameof(Good))]
    public void A_right_kernel_gives_its_numbers_and_no_alarm(string name)
    {
        var kernel = KernelCase.Load("good", name);
        KernelRequest request = kernel.Request(check: true);
        KernelOutcome outcome = Run(request);
        Assert.True(outcome.Faults.Count == 0, Words(outcome));
        Assert.NotEmpty(kernel.Numbers());
        foreach (var (kind, what, index, expected) in kernel.Numbers())
        {
            double found = kind == "value" ? KernelCase.At(request.Tensors[what], index) : Counter(outcome.Report!.Counters, what);
            Assert.True(Math.Abs(found - expected) <= 1e-5 * Math.Abs(expected), $"{what} {index}: expected {expected}, found {found}");
        }
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_wrong_kernel_is_told_by_kind_line_block_and_thread(string name)
    {
        var kernel = KernelCase.Load("bad", name);
        KernelRequest request = kernel.Request(check: true);
        KernelOutcome outcome = Run(request);
        var expected = kernel.Faults().ToList();
        foreach (var (kind, line, block, thread, required) in expected.Where(each => each.Required))
        {
            KernelFault? found = outcome.Faults.FirstOrDefault(fault => fault.Kind == kind && fault.Line == line);
            Assert.True(found is not null, $"{kind} at line {line} was not told: {Words(outcome)}");
            Assert.True(block.Length == 0 || Text(found.Block) == block, $"{kind} at line {line}: block {block} expected, {Text(found.Block)} found");
            Assert.True(thread.Length == 0 || Text(found.Thread) == thread, $"{kind} at line {line}: thread {thread} expected, {Text(found.Thread)} found");
        }

        Assert.True(outcome.Faults.Count > 0, "nothing was told");
        foreach (KernelFault fault in outcome.Faults)
        {
            Assert.Equal(request.Kernel, fault.Kernel);
            Assert.True(expected.Any(each => each.Kind == fault.Kind && each.Line == fault.Line), $"a false alarm: {fault}");
        }
    }

    private KernelOutcome Run(KernelRequest request)
    {
        Engine.Kernels.Emulator.SetTimeLimit(request.Timeout);
        return KernelRun.Run(request, device.Gpu);
    }

    private static string Words(KernelOutcome outcome) => string.Join("; ", outcome.Faults.Select(fault => fault.ToString()));

    private static string Text(Dim3 at) => string.Create(CultureInfo.InvariantCulture, $"{at.X},{at.Y},{at.Z}");

    private static double Counter(KernelCounters counters, string name) => name switch
    {
        "global_bytes_read" => counters.GlobalBytesRead,
        "global_bytes_written" => counters.GlobalBytesWritten,
        "global_sectors" => counters.GlobalSectors,
        "ideal_global_sectors" => counters.IdealGlobalSectors,
        "shared_passes" => counters.SharedPasses,
        "ideal_shared_passes" => counters.IdealSharedPasses,
        "barriers" => counters.Barriers,
        "lane_occupancy" => counters.LaneOccupancy,
        _ => double.NaN,
    };
}
