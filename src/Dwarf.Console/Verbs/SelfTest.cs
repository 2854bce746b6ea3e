using System.CommandLine;
using System.Globalization;
using Dwarf.Cli.SelfTests;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`self-test`: every operator on a device of the user's machine, against the processor in f64.</summary>
public sealed class SelfTest : Verb
{
    private readonly Option<string> _device = CommonOptions.Device();
    private readonly Option<int> _threads = CommonOptions.Threads();

    private readonly Option<string[]> _only = new("--only")
    {
        Description = "An operator to run, as often as needed; all without it",
        HelpName = "NAME",
        DefaultValueFactory = _ => [],
    };

    /// <inheritdoc/>
    public override string Name => "self-test";

    /// <inheritdoc/>
    public override string Summary => "Runs every operator forward and backward on a device and compares with the processor in f64";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_device, _threads, _only];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string[] only = context.Get(_only);
        if (only.FirstOrDefault(name => SelfTestCase.All.All(test => test.Operator != name)) is { } unknown)
        {
            throw new DwarfException(ErrorKind.Usage,
                $"--only: unknown operator '{unknown}'" + Nearest.Hint(unknown,
                    [.. SelfTestCase.All.Select(test => test.Operator).Distinct()]));
        }
        using Device device = BackEnd.Open(context.Get(_device), context.Get(_threads));
        using var oracle = new CpuDevice(context.Get(_threads));
        var run = new SelfTestRun(device, oracle);
        string where = device is CudaDevice gpu ? $"{gpu.FullName}, {gpu.Properties.Model}" : device.Name;
        context.Error.WriteLine($"on {where}: relative error of the worst output or gradient, and what is allowed");
        var results = new List<SelfTestResult>();
        foreach (SelfTestCase test in SelfTestCase.All.Where(test => only.Length == 0 || only.Contains(test.Operator)))
        {
            foreach (DType dtype in run.DTypes)
            {
                SelfTestResult result = run.Run(test, dtype);
                results.Add(result);
                if (!context.Json)
                {
                    context.Out.WriteLine(Line(result));
                }
            }
        }
        int failed = results.Count(result => !result.Passed);
        if (context.Json)
        {
            context.WriteJson(new
            {
                Device = where,
                Passed = results.Count - failed,
                Failed = failed,
                Results = results.Select(r => new
                {
                    r.Operator,
                    r.Inputs,
                    Dtype = r.DType.Label(),
                    r.Worst,
                    r.Error,
                    r.Allowed,
                    r.Repeats,
                    r.Fault,
                    r.Passed,
                }),
            });
        }
        context.Error.WriteLine($"{results.Count - failed} passed, {failed} failed");
        return failed == 0 ? 0 : (int)ErrorKind.Internal;
    }

    private static string Line(SelfTestResult result)
    {
        string end = result.Fault is { } fault ? $"FAILED  {fault}"
            : !result.Repeats ? "FAILED  a second run gave other bits"
            : result.Passed ? "ok" : $"FAILED  at {result.Worst}";
        string error = result.Error.ToString("0.0e+00", CultureInfo.InvariantCulture);
        string allowed = result.Allowed.ToString("0e+0", CultureInfo.InvariantCulture);
        return $"{result.Operator,-18} {result.DType.Label(),-5} {error,8} {allowed,6}  {end}";
    }
}
