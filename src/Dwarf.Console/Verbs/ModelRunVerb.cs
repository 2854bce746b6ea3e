using System.CommandLine;
using Dwarf.Model;
using Dwarf.Model.Weights;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Cli.Verbs;

/// <summary>`model run`: the whole network, forward and backward, from file to file.</summary>
public sealed class ModelRunVerb : Verb
{
    private readonly Option<string> _weights = CommonOptions.File(
        "--weights", "weights of any published layout, whole or in part: KAD, MedKLIP, Hugging Face, our own");
    private readonly Option<string> _in = CommonOptions.File(
        "--in", "safetensors with image; input_ids, attention_mask, or text_features where the weights hold no text encoder; cotangent.logits, .map");
    private readonly Option<string> _out = CommonOptions.File("--out", "safetensors that the outputs and grad.KEY are written to");
    private readonly Option<string[]> _attributes = CommonOptions.Attributes();
    private readonly Option<string> _device = CommonOptions.Device();
    private readonly Option<string> _dtype = CommonOptions.Dtype();
    private readonly Option<int> _threads = CommonOptions.Threads();

    /// <inheritdoc/>
    public override string Name => "model run";

    /// <inheritdoc/>
    public override string Summary => "Runs a whole network, forward and, with cotangents, backward; dropout off";

    /// <inheritdoc/>
    public override IReadOnlyList<Symbol> Parameters => [_weights, _in, _out, _attributes, _device, _dtype, _threads];

    /// <inheritdoc/>
    public override int Run(VerbContext context)
    {
        HeadCounts heads = CommonOptions.Heads(Name, CommonOptions.Pairs("--attr", context.Get(_attributes))) ?? new HeadCounts();
        DType dtype = DTypes.Parse(context.Get(_dtype));
        using Device device = BackEnd.Open(context.Get(_device), context.Get(_threads));
        Dictionary<string, Tensor> inputs = SafetensorsFile.ReadAll(context.Get(_in));
        Dictionary<string, Tensor> result = ModelRunner.Run(device, context.Get(_weights), inputs, heads, dtype, context.Error.WriteLine);
        string path = context.Get(_out);
        SafetensorsWriter.Write(path, result);
        TensorTable.Write(context, [.. result.Select(each => (each.Key, each.Value.DType.Label(), each.Value.Shape))]);
        context.Error.WriteLine($"model run: {result.Count} tensors in {path}");
        return 0;
    }
}
