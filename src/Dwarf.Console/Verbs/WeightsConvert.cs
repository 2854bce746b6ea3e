using System.CommandLine;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`weights convert IN OUT`: a weights file as safetensors, every tensor under its name and in its type.</summary>
public sealed class WeightsConvert : Verb
{
    private static readonly string[] Others = [".pt", ".pth", ".bin", ".ckpt", ".onnx"];

    private readonly Argument<string> _in = new("IN") { Description = "Safetensors, or what torch.save wrote (.pt, .pth, .bin)" };
    private readonly Argument<string> _out = new("OUT") { Description = "The safetensors file to write" };
    private readonly Option<bool> _force = new("--force") { Description = "Replace OUT" };

    /// <inheritdoc/>
    public override string Name => "weights convert";

    /// <inheritdoc/>
    public override string Summary => "Writes a weights file as safetensors: same names, types and bits";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_in, _out, _force];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        string path = context.Get(_out);
        if (Others.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        {
            throw new DwarfException(ErrorKind.Usage, $"{path}: safetensors is written, give an OUT that ends in .safetensors");
        }

        if (Directory.Exists(path) || (File.Exists(path) && !context.Get(_force)))
        {
            throw new DwarfException(ErrorKind.OutputExists, $"{path}: exists already; give another OUT or --force");
        }

        using WeightArchive file = WeightArchive.Open(context.Get(_in));
        SafetensorsWriter.Write(path, file);
        TensorTable.Write(context, [.. file.Entries.Select(entry => (entry.Name, entry.Stored.Label(), entry.Shape))]);
        context.Error.WriteLine($"weights convert: {path}: {file.Entries.Count} tensors, {new FileInfo(path).Length} bytes");
        return 0;
    }
}
