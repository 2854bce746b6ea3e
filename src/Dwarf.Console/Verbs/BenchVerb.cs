using System.CommandLine;
using Dwarf.Cli.Bench;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`bench [ops|step|all]`: times, each as a share of what this machine was measured to do in the same run.</summary>
public sealed class BenchVerb : Verb
{
    private readonly Argument<string> _what = new("WHAT") { Description = "ops, step or all", DefaultValueFactory = _ => "all" };
    private readonly Option<string> _filter = new("--filter") { Description = "The case of this name, else those whose names contain this", DefaultValueFactory = _ => "" };
    private readonly Option<double> _seconds = new("--seconds") { Description = "Time for each case", DefaultValueFactory = _ => 2 };
    private readonly Option<string?> _baseline = new("--baseline") { Description = "JSON of an earlier run: exit code 1 if something got slower" };
    private readonly Option<bool> _strict = new("--strict") { Description = "With --baseline: exit code 2 where the noise decides" };
    private readonly Option<string> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();

    /// <inheritdoc/>
    public override string Name => "bench";

    /// <inheritdoc/>
    public override string Summary => "Times operators and training steps against the machine's measured ceilings";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_what, _filter, _seconds, _baseline, _strict, _device, _threads];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string what = context.Get(_what);
        if (what is not ("ops" or "step" or "all"))
        {
            throw new DwarfException(ErrorKind.Usage, $"bench: expected ops, step or all, found '{what}'");
        }

        var old = context.Get(_baseline) is { } path ? Baseline.Read(path) : null;
        using Device device = BackEnd.Open(context.Get(_device), context.Get(_threads));
        string filter = context.Get(_filter);
        var all = (what == "ops" ? [] : StepCases.All(device)).Concat(what == "step" ? [] : OpCases.All(device)).ToList();
        var cases = all.FindAll(c => c.Name == filter);
        cases = cases.Count > 0 ? cases : all.FindAll(c => c.Name.Contains(filter, StringComparison.Ordinal) && !c.OnlyByName);
        if (cases.Count == 0)
        {
            throw new DwarfException(ErrorKind.Usage, $"bench: no case's name contains '{filter}'");
        }

        var ceilings = new Ceilings(device);
        context.Error.WriteLine(FormattableString.Invariant(
            $"{(device is CpuDevice cpu ? $"{cpu.Threads} threads" : device.Name)}; ceilings measured now: {ceilings.GigaFlops:F0} GFLOP/s of f32 multiply-adds, {ceilings.GigaBytes:F1} GB/s of copying from memory"));
        var rows = new List<Row>();
        foreach (var c in cases)
        {
            var row = c.Run(device, ceilings, context.Get(_seconds));
            rows.Add(row);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            if (!context.Json)
            {
                context.Out.WriteLine(FormattableString.Invariant(
                    $"{row.Name,-36} {row.MsMedian,10:F3} ms  ({row.MsLow:F3} to {row.MsHigh:F3}, n {row.Samples})  {row.CeilingShare,6:P0} of {row.Bound}")
                    + (row.CeilingShare > 1 ? " (over the ceiling: another process disturbed one of the two, or caches serve it better than a copy)" : ""));
            }
        }

        if (context.Json)
        {
            context.WriteJson(rows);
        }

        return old is null ? 0 : Baseline.Compare(rows, old, context.Error, context.Get(_strict));
    }
}
