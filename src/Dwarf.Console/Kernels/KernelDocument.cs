using System.Globalization;
using Engine.Kernels;

namespace Dwarf.Cli.Kernels;

/// <summary>The result of `kernels run`, for people and as JSON.</summary>
internal static class KernelDocument
{
    /// <summary>Writes it.</summary>
    public static void Write(VerbContext context, KernelRequest request, KernelOutcome outcome)
    {
        if (context.Json)
        {
            context.WriteJson(Json(request, outcome));
            return;
        }
        foreach (KernelFault fault in outcome.Faults)
        {
            context.Out.WriteLine(
                $"{Place(request, fault)}: {fault.Kind}: kernel {fault.Kernel}, block {Words(fault.Block)}, thread {Words(fault.Thread)}: "
                + fault.Message);
        }
        if (outcome.Report is { } report)
        {
            WriteCounters(context, report);
        }
        context.Error.WriteLine(outcome.Faults.Count == 0
            ? $"{request.Kernel}: ran{(request.Check ? ", no faults found" : "")}"
            : $"{request.Kernel}: {outcome.Faults.Count} fault{(outcome.Faults.Count == 1 ? "" : "s")}");
    }

    private static object Json(KernelRequest request, KernelOutcome outcome)
    {
        var document = new Dictionary<string, object?>
        {
            ["kernel"] = request.Kernel,
            ["file"] = request.File,
            ["device"] = request.Device,
            ["grid"] = Array(request.Grid),
            ["block"] = Array(request.Block),
            ["faults"] = outcome.Faults.Select(fault => new Dictionary<string, object?>
            {
                ["kind"] = fault.Kind,
                ["kernel"] = fault.Kernel,
                ["line"] = fault.Line,
                ["block"] = Array(fault.Block),
                ["thread"] = Array(fault.Thread),
                ["message"] = fault.Message,
            }).ToArray(),
        };
        if (outcome.Report is { } report)
        {
            Dictionary<string, object?> counters = Counters(report.Counters);
            counters["lines"] = report.Lines.Select(line =>
            {
                var entry = new Dictionary<string, object?> { ["line"] = line.Line };
                if (!IsSame(line.File, request.File))
                {
                    entry["file"] = line.File;
                }
                foreach (var (key, value) in Counters(line.Counters))
                {
                    entry[key] = value;
                }
                return entry;
            }).ToArray();
            document["shared_bytes"] = report.SharedBytes;
            document["counters"] = counters;
        }
        document["tensors"] = request.Tensors
            .Select(tensor => new { name = tensor.Key, dtype = tensor.Value.Label, shape = tensor.Value.Shape })
            .ToArray();
        return document;
    }

    private static Dictionary<string, object?> Counters(KernelCounters counters) => new()
    {
        ["global_bytes_read"] = counters.GlobalBytesRead,
        ["global_bytes_written"] = counters.GlobalBytesWritten,
        ["global_sectors"] = counters.GlobalSectors,
        ["ideal_global_sectors"] = counters.IdealGlobalSectors,
        ["shared_passes"] = counters.SharedPasses,
        ["ideal_shared_passes"] = counters.IdealSharedPasses,
        ["barriers"] = counters.Barriers,
        ["memory_instructions"] = counters.MemoryInstructions,
        ["lane_occupancy"] = counters.LaneOccupancy,
    };

    private static void WriteCounters(VerbContext context, LaunchReport report)
    {
        context.Out.WriteLine("                  global bytes       sectors        shared passes              memory");
        context.Out.WriteLine("     line       read    written    moved    ideal    moved    ideal barriers  instr. lanes");
        foreach (LineReport line in report.Lines)
        {
            Row(context, line.Line.ToString(CultureInfo.InvariantCulture), line.Counters);
        }
        Row(context, "all", report.Counters);
    }

    private static void Row(VerbContext context, string name, KernelCounters c) => context.Out.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{name,9} {c.GlobalBytesRead,10} {c.GlobalBytesWritten,10} {c.GlobalSectors,8} {c.IdealGlobalSectors,8} {c.SharedPasses,8} "
        + $"{c.IdealSharedPasses,8} {c.Barriers,8} {c.MemoryInstructions,7} {c.LaneOccupancy,5:P0}"));

    private static string Place(KernelRequest request, KernelFault fault) =>
        $"{(fault.File.Length == 0 || IsSame(fault.File, request.File) ? request.File : fault.File)}:{fault.Line}";

    private static bool IsSame(string found, string file) => Path.GetFileName(found) == Path.GetFileName(file);

    private static uint[] Array(Dim3 size) => [size.X, size.Y, size.Z];

    private static string Words(Dim3 at) => $"({at.X},{at.Y},{at.Z})";
}
