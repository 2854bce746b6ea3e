using System.CommandLine;
using Dwarf.Model.Weights;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Dwarf.Training.Report;
using Dwarf.Training.Runs;
using Engine.Kernels;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`eval CONFIG --weights FILE`: the metrics of one checkpoint.</summary>
public sealed class Eval : Verb
{
    private readonly Argument<string> _config = new("CONFIG") { Description = "The YAML that names data and findings" };
    private readonly Option<string> _weights = CommonOptions.File("--weights", "Weights of the network: safetensors or .pt, of any published layout");
    private readonly Option<string> _split = new("--split") { Description = "train, val or test", DefaultValueFactory = _ => "test" };
    private readonly Option<string?> _out = new("--out") { Description = "Folder that metrics.json is written to" };
    private readonly Option<string[]> _set = CommonOptions.Set();

    /// <inheritdoc/>
    public override string Name => "eval";

    /// <inheritdoc/>
    public override string Summary => "Metrics of one checkpoint";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_config, _weights, _split, _out, _set];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string text = context.Get(_split);
        if (Array.Find(Enum.GetValues<Split>(), s => RunTables.Name(s) == text) is var split && RunTables.Name(split) != text)
        {
            throw new DwarfException(ErrorKind.Usage, $"--split: expected train, val or test, found '{text}'");
        }

        string weights = context.Get(_weights);
        string? folder = context.Get(_out);
        OutFolder.NoFile(folder);
        if (folder is not null && File.Exists(Path.Combine(folder, "metrics.json")))
        {
            throw new DwarfException(ErrorKind.OutputExists, $"{Path.Combine(folder, "metrics.json")}: exists already; give another --out");
        }

        var config = ConfigLoader.Load(context.Get(_config), CommonOptions.Overrides(context.Get(_set)));
        using Device device = BackEnd.Open(config.Device, config.Threads, config.Dtype);
        using var bench = new Workbench(config, DataSource.Load(config), device);
        context.Error.WriteLine($"{weights}: {WeightsFile.LoadInto(weights, bench.Network)}");
        context.Error.WriteLine(bench.Preprocessing);
        var tables = new RunTables(bench, Checkpointed.Of(bench, split), pretrained: null);
        var model = new ReportModel
        {
            Title = Path.GetFileName(weights),
            Splits = [tables.Of(split)],
            HeadlineSplit = RunTables.Name(split),
            Protocol = Protocol.Sentences(Dwarf.Training.Metrics.F1Rule.AtBestMcc, tables.Bootstrap),
        };
        string json = MetricsJson.ToText(model);
        if (folder is not null)
        {
            OutFolder.Create(folder);
            AtomicFile.WriteText(Path.Combine(folder, "metrics.json"), json);
        }

        if (context.Json)
        {
            context.Out.Write(json);
        }
        else
        {
            foreach (string line in RunResult.Lines(model.Splits[0]))
            {
                context.Out.WriteLine(line);
            }
        }

        return 0;
    }
}
