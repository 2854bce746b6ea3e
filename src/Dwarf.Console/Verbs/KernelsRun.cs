using System.CommandLine;
using System.Globalization;
using Dwarf.Cli.Explain;
using Dwarf.Cli.Kernels;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`kernels run`: one launch of any CUDA C++ kernel, and with --check what is wrong with it.</summary>
public sealed class KernelsRun : Verb
{
    private readonly Argument<string> _file = new("FILE.cu") { Description = "CUDA C++; our headers by #include \"common.cuh\"" };
    private readonly Option<string> _kernel = new("--kernel")
    {
        Description = "The kernel; of a template an instance",
        HelpName = "NAME",
        Required = true,
    };
    private readonly Option<string> _grid = new("--grid") { Description = "Blocks", HelpName = "X[,Y,Z]", Required = true };
    private readonly Option<string> _block = new("--block") { Description = "Threads of a block", HelpName = "X[,Y,Z]", Required = true };
    private readonly Option<int> _shared = new("--shared") { Description = "Dynamic shared memory of a block", HelpName = "BYTES" };
    private readonly Option<string?> _in = new("--in") { Description = "safetensors for --arg tensor:NAME", HelpName = "FILE" };
    private readonly Option<string?> _out = new("--out")
    {
        Description = "safetensors that every tensor is written to after the launch",
        HelpName = "FILE",
    };
    private readonly Option<string[]> _args = new("--arg")
    {
        Description = "In the kernel's order: tensor:NAME, zeros:NAME:f32:2,3, i32:5, i64:5, f32:0.5 (also f64, u32, u64, null)",
        HelpName = "A",
        DefaultValueFactory = _ => [],
    };
    private readonly Option<bool> _check = new("--check") { Description = "Find faults and count memory traffic (emulated)" };
    private readonly Option<string?> _html = new("--html") { Description = "Page that draws lanes and the addresses they touch (emulated)", HelpName = "FILE" };
    private readonly Option<string> _device = new("--device")
    {
        Description = "emulated, cuda or cuda:N",
        HelpName = "D",
        DefaultValueFactory = _ => "emulated",
    };
    private readonly Option<double> _timeout = new("--timeout")
    {
        Description = "Seconds that the kernel may run (emulated)",
        HelpName = "S",
        DefaultValueFactory = _ => 20,
    };

    /// <inheritdoc/>
    public override string Name => "kernels run";

    /// <inheritdoc/>
    public override string Summary => "Compiles and launches one kernel of a CUDA C++ file; --check finds its faults";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters =>
        [_file, _kernel, _grid, _block, _shared, _in, _args, _out, _check, _html, _device, _timeout];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        KernelRequest request = Read(context);
        request.Validate();
        string? missing = request.Device == "emulated" ? EmulatorLibrary.Missing() : null;
        if (missing is not null)
        {
            throw new DwarfException(ErrorKind.Unavailable, $"device emulated is not available: {missing}");
        }
        if (request.Device == "emulated" && !KernelChild.IsThis)
        {
            return KernelChild.Run(context, request, Arguments(context));
        }
        KernelOutcome outcome = KernelRun.Run(request);
        if (context.Get(_out) is { } path)
        {
            RawSafetensors.Write(path, [.. request.Tensors]);
        }
        if (request.Html is { } page && outcome.Report is { } report)
        {
            var launch = new Explained(
                report, File.ReadAllLines(request.File), $"{request.File} on {request.Device}", null, null,
                Residency.Estimate((int)request.Block.Count, report.SharedBytes, null));
            AtomicFile.WriteText(page, KernelPage.Write($"kernels run {request.Kernel}", [launch]));
        }
        KernelDocument.Write(context, request, outcome);
        return outcome.Faults.Count == 0 ? 0 : (int)ErrorKind.Content;
    }

    private KernelRequest Read(VerbContext context)
    {
        string device = context.Get(_device);
        bool check = context.Get(_check);
        double timeout = context.Get(_timeout);
        if (device != "emulated" && device.Split(':')[0] != "cuda")
        {
            throw new DwarfException(ErrorKind.Usage, $"--device: expected emulated, cuda or cuda:N, found '{device}'");
        }
        if (check && device != "emulated")
        {
            throw new DwarfException(ErrorKind.Usage, $"--check: needs --device emulated, found {device}");
        }
        if (context.Get(_html) is not null && device != "emulated")
        {
            throw new DwarfException(ErrorKind.Usage, $"--html: needs --device emulated, found {device}");
        }
        if (timeout is not (> 0 and <= 1e6))
        {
            throw new DwarfException(
                ErrorKind.Usage, string.Create(CultureInfo.InvariantCulture, $"--timeout: expected seconds above 0, found {timeout}"));
        }
        if (context.Get(_shared) < 0)
        {
            throw new DwarfException(ErrorKind.Usage, $"--shared: expected bytes of at least 0, found {context.Get(_shared)}");
        }
        Dim3 grid = LaunchSize.Parse("--grid", context.Get(_grid)), block = LaunchSize.Parse("--block", context.Get(_block));
        string? source = context.Get(_in);
        Dictionary<string, RawTensor> tensors = source is null ? [] : RawSafetensors.Read(source);
        List<KernelArgument> arguments = KernelArgument.Parse(context.Get(_args), tensors, source);
        return new KernelRequest(
            context.Get(_file), context.Get(_kernel), grid, block, context.Get(_shared), tensors, arguments, device, check, timeout);
    }

    private List<string> Arguments(VerbContext context)
    {
        List<string> words =
            ["kernels", "run", "--kernel", context.Get(_kernel), "--grid", context.Get(_grid), "--block", context.Get(_block)];
        void Add(string option, string? value)
        {
            if (value is not null)
            {
                words.AddRange([option, value]);
            }
        }
        Add("--shared", context.Get(_shared).ToString(CultureInfo.InvariantCulture));
        Add("--timeout", context.Get(_timeout).ToString(CultureInfo.InvariantCulture));
        Add("--device", context.Get(_device));
        Add("--in", context.Get(_in));
        Add("--out", context.Get(_out));
        Add("--html", context.Get(_html));
        foreach (string argument in context.Get(_args))
        {
            Add("--arg", argument);
        }
        words.AddRange((string[])[.. context.Get(_check) ? ["--check"] : (string[])[], .. context.Json ? ["--json"] : (string[])[],
            .. context.Verbose ? ["--verbose"] : (string[])[], "--", context.Get(_file)]);
        return words;
    }
}
