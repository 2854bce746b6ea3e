using System.CommandLine;
using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`op run`: one operator, forward and backward, from file to file.</summary>
public sealed class OpRun : Verb
{
    private readonly Argument<string> _name = new("NAME") { Description = "The operator; op list names them" };
    private readonly Option<string> _in = CommonOptions.File("--in", "safetensors with the inputs, and cotangent.OUTPUT for a backward pass");
    private readonly Option<string> _out = CommonOptions.File("--out", "safetensors that the outputs and grad.INPUT are written to");
    private readonly Option<string[]> _attributes = CommonOptions.Attributes();
    private readonly Option<string> _device = CommonOptions.Device();
    private readonly Option<string> _dtype = CommonOptions.Dtype();
    private readonly Option<int> _threads = CommonOptions.Threads();

    /// <inheritdoc/>
    public override string Name => "op run";

    /// <inheritdoc/>
    public override string Summary => "Runs one operator, forward and, with cotangents, backward";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_name, _in, _out, _attributes, _device, _dtype, _threads];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        OperatorInfo info = OperatorRunner.Find(context.Get(_name));
        Dictionary<string, string> attributes = CommonOptions.Pairs("--attr", context.Get(_attributes));
        DType dtype = DTypes.Parse(context.Get(_dtype));
        using Device device = BackEnd.Open(context.Get(_device), context.Get(_threads));
        Dictionary<string, Tensor> result = OperatorRunner.Run(device, info, SafetensorsFile.ReadAll(context.Get(_in)), attributes, dtype);
        string path = context.Get(_out);
        SafetensorsWriter.Write(path, result);
        TensorTable.Write(context, [.. result.Select(each => (each.Key, each.Value.DType.Label(), each.Value.Shape))]);
        context.Error.WriteLine($"{info.Name}: {result.Count} tensors in {path}");
        return 0;
    }
}
