using System.CommandLine;
using Dwarf.Training.Config;
using Dwarf.Training.Runs;
using Engine.Kernels;

namespace Dwarf.Cli.Verbs;

/// <summary>`train CONFIG`: the main job.</summary>
public sealed class Train : Verb
{
    private readonly Argument<string> _config = new("CONFIG") { Description = "The YAML, such as configs/quickstart.yaml" };
    private readonly Option<string[]> _set = CommonOptions.Set();
    private readonly Option<string?> _out = new("--out") { Description = "Folder of the run; runs/NAME-N where it is not given" };
    private readonly Option<string?> _device = new("--device") { Description = "Where tensors live; overrides the YAML's device" };
    private readonly Option<int?> _threads = new("--threads") { Description = "Threads of the cpu device, 0 for all cores; overrides the YAML's" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with an interrupted run: the newest of this YAML, or --out" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace the run in --out" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Check configuration, data and sizes, plan memory, and leave" };

    /// <inheritdoc/>
    public override string Name => "train";

    /// <inheritdoc/>
    public override string Summary => "Trains what the YAML says and writes a run folder with report.html";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_config, _set, _out, _device, _threads, _resume, _force, _dryRun];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string path = context.Get(_config);
        var config = ConfigLoader.Load(path, CommonOptions.Overrides(context.Get(_set), context.Get(_device), context.Get(_threads)));
        using Device device = BackEnd.Open(config.Device, config.Threads, config.Dtype);
        if (context.Get(_dryRun))
        {
            var data = DataSource.Load(config);
            var plan = MemoryPlanner.Plan(config, data);
            using var planning = CpuDevice.ForPlanning();
            using var bench = new Workbench(config, data, planning);
            context.Error.WriteLine(Experiment.Describe(bench));
            context.Error.WriteLine(bench.Preprocessing);
            foreach (string line in plan.Lines)
            {
                context.Error.WriteLine(line);
            }

            plan.Require(device.Memory is null);
            context.Error.WriteLine("dry run: configuration, data and network are in order; nothing was written");
            if (context.Json)
            {
                context.WriteJson(new { DryRun = true, Parameters = bench.Network.Parameters.ScalarCount, Images = data.Samples.Count, Memory = plan });
            }

            return 0;
        }

        using var folder = RunFolder.Open(Path.GetFileNameWithoutExtension(path), context.Get(_out), context.Get(_resume), context.Get(_force));
        context.Error.WriteLine($"run folder: {folder.Path}");
        if (folder.Resumed && folder.Finished)
        {
            context.Error.WriteLine("the run is finished already; nothing to do");
            return Report(context, folder);
        }

        var interruption = context.Interruption;
        bool finished = context.WithProgress(monitor =>
            Experiment.Run(config, folder, device, monitor, () => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0, interruption.Token));
        return finished ? Report(context, folder) : interruption.ExitCode;
    }

    private static int Report(VerbContext context, RunFolder folder)
    {
        if (context.Json)
        {
            context.Out.Write(File.ReadAllText(folder.Metrics));
        }
        else
        {
            context.Out.WriteLine(folder.Path);
        }

        return 0;
    }
}
