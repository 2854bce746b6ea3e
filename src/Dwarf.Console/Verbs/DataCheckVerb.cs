using System.CommandLine;
using Dwarf.Training.Config;
using Dwarf.Training.Data;
using Engine.Tensors;

namespace Dwarf.Cli.Verbs;

/// <summary>Lists every fault of the data set that a configuration names: all that training would refuse.</summary>
internal sealed class DataCheckVerb : Verb
{
    private readonly Argument<string> _config = new("CONFIG") { Description = "the YAML whose data is looked at" };

    public override string Name => "data check";

    public override string Summary => "Lists every fault of a data set";

    public override IReadOnlyList<Symbol> Parameters => [_config];

    public override int Run(VerbContext context)
    {
        RunConfig config = ConfigLoader.Load(context.Get(_config));
        if (config.Data.Kind == DataKind.Phantom)
        {
            context.Error.WriteLine("data.kind is phantom: made when needed, there are no files to look at");
        }

        IReadOnlyList<DataFault> faults = config.Data.Kind == DataKind.Phantom ? [] : DataCheck.Run(ChestSource.Of(config));
        if (context.Json)
        {
            context.WriteJson(faults);
        }
        else
        {
            foreach (DataFault fault in faults)
            {
                context.Out.WriteLine(fault);
            }
        }

        context.Error.WriteLine(faults.Count == 1 ? "1 fault" : $"{faults.Count} faults");
        return faults.Count == 0 ? 0 : (int)ErrorKind.Content;
    }
}
