using System.CommandLine;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`weights inspect`: what a weights file holds.</summary>
public sealed class WeightsInspect : Verb
{
    private readonly Argument<string> _file = new("FILE") { Description = "The weights file" };

    /// <inheritdoc/>
    public override string Name => "weights inspect";

    /// <inheritdoc/>
    public override string Summary => "Lists name, dtype and shape of each tensor in a weights file";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_file];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string path = context.Get(_file);
        using WeightArchive file = WeightArchive.Open(path);
        TensorTable.Write(context, [.. file.Entries.Select(entry => (entry.Name, entry.Stored.Label(), entry.Shape))]);
        foreach ((string key, string value) in file.Metadata.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            context.Error.WriteLine($"{SafetensorsFile.Printable(key)}: {SafetensorsFile.Printable(value, int.MaxValue)}");
        }
        context.Error.WriteLine($"{path}: {file.Entries.Count} tensors, {file.Entries.Sum(entry => entry.Shape.Count)} elements");
        return 0;
    }
}
