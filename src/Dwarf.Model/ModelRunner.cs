using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Model;

/// <summary>One forward, and backward, of a whole network given by its weights: what `model run` does.</summary>
public static class ModelRunner
{
    private const string Logits = "cotangent.logits";
    private const string Map = "cotangent.map";

    /// <summary>Runs the network; dropout is off and the prompts see each other, as in KAD.</summary>
    /// <param name="device">runs it</param>
    /// <param name="weights">path of a weight file; sizes come from its shapes</param>
    /// <param name="inputs">image, input_ids, attention_mask; cotangent.logits and .map ask for backward, an absent one is zero</param>
    /// <param name="heads">numbers of attention heads</param>
    /// <param name="dtype">f32 or f64</param>
    /// <returns>patch_tokens, pooled, text_features, logits, map; with a cotangent, grad.KEY of every floating tensor of the file</returns>
    /// <exception cref="DwarfException">weights or inputs that do not fit (content), heads that do not divide a width (usage)</exception>
    public static Dictionary<string, Tensor> Run(
        Device device, string weights, IReadOnlyDictionary<string, Tensor> inputs, HeadCounts heads, DType dtype)
    {
        if (dtype == DType.BF16)
        {
            throw new DwarfException(ErrorKind.Unavailable, "model run: parameters must be f32 or f64, found bf16");
        }

        CheckNames(inputs);
        var image = Floating(inputs, "image");
        if (image.Shape.Rank != 4 || image.Shape[2] is 0 or > int.MaxValue || image.Shape[3] is 0 or > int.MaxValue)
        {
            throw new ShapeException($"model run: image must be [b,c,h,w], found {image.Shape}");
        }

        using var file = WeightArchive.Open(weights);
        using var network = Open(file, weights, heads, (int)image.Shape[2], (int)image.Shape[3], dtype, device.Memory);
        bool backward = inputs.ContainsKey(Logits) || inputs.ContainsKey(Map);
        using var tape = new Tape(device) { Recording = backward };

        var (patches, pooled) = network.Image.Forward(tape, tape.Constant(image.To(dtype)));
        var features = network.Text!.Forward(tape, Input(inputs, "input_ids"), Input(inputs, "attention_mask"));
        var (logits, map) = network.Decoder.Forward(tape, patches, features, Prompts.Together);
        var result = new Dictionary<string, Tensor>
        {
            ["patch_tokens"] = patches.Value.CopyTo(null),
            ["pooled"] = pooled.Value.CopyTo(null),
            ["text_features"] = features.Value.CopyTo(null),
            ["logits"] = logits.Value.CopyTo(null),
            ["map"] = map.Value.CopyTo(null),
        };
        if (backward)
        {
            tape.Backward([logits, map], [tape.OnDevice(Cotangent(inputs, Logits, logits)), tape.OnDevice(Cotangent(inputs, Map, map))]);
            foreach (var entry in file.Entries.Where(e => e.DType.IsFloating()))
            {
                result["grad." + entry.Name] = network.Layout.Find(WeightNames.Canonical(entry.Name)) is { } known
                    ? known.Gather(p => p.Grad).CopyTo(null)
                    : new Tensor(entry.Shape, dtype);
            }
        }

        return result;
    }

    private static DwarfNetwork Open(WeightArchive file, string path, HeadCounts heads, int height, int width, DType dtype, MemorySpace? space)
    {
        var reader = new ShapeReader(path, file.Entries.ToDictionary(e => e.Name, e => e.Shape));
        var config = reader.Read(heads, height, width);
        if (height % config.Image.Patch != 0 || width % config.Image.Patch != 0)
        {
            throw new ShapeException(
                $"model run: image height and width must be multiples of the patch {config.Image.Patch}, found {height} and {width}");
        }

        var network = new DwarfNetwork(config, reader.Findings(), dtype, seed: null, space);
        try
        {
            WeightLoader.Load(file, path, network.Layout);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private static void CheckNames(IReadOnlyDictionary<string, Tensor> inputs)
    {
        string[] known = ["image", "input_ids", "attention_mask", Logits, Map];
        foreach (string name in inputs.Keys)
        {
            if (!known.Contains(name))
            {
                throw new DwarfException(
                    ErrorKind.Content, $"model run: unknown input '{SafetensorsFile.Printable(name)}'{Nearest.Hint(name, known)}");
            }
        }
    }

    private static Tensor Input(IReadOnlyDictionary<string, Tensor> inputs, string name) => inputs.TryGetValue(name, out var tensor)
        ? tensor
        : throw new DwarfException(ErrorKind.Content, $"model run: input '{name}' is missing");

    private static Tensor Floating(IReadOnlyDictionary<string, Tensor> inputs, string name)
    {
        var tensor = Input(inputs, name);
        return tensor.DType.IsFloating()
            ? tensor
            : throw new DTypeException($"model run: {name} must be floating, found {tensor.DType.Label()}");
    }

    private static Tensor Cotangent(IReadOnlyDictionary<string, Tensor> inputs, string name, Variable output)
    {
        if (!inputs.ContainsKey(name))
        {
            return new Tensor(output.Shape, output.DType);
        }

        var tensor = Floating(inputs, name);
        return tensor.Shape == output.Shape
            ? tensor.To(output.DType)
            : throw new ShapeException($"model run: {name} must be {output.Shape}, found {tensor.Shape}");
    }
}
