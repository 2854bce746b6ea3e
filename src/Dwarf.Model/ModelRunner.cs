using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Model;

/// <summary>One forward, and backward, of what a weight file holds: what `model run` does.</summary>
public static class ModelRunner
{
    private const string Cotangent = "cotangent.";

    private static readonly string[] s_outputs = ["patch_tokens", "pooled", "text_features", "logits", "map"];

    private static readonly string[] s_inputs =
        ["image", "input_ids", "attention_mask", "text_features", "patch_tokens", .. s_outputs.Select(o => Cotangent + o)];

    /// <summary>Runs the network; dropout is off, batch norms use their running statistics and the prompts see each other, as in KAD.</summary>
    /// <param name="device">runs it</param>
    /// <param name="weights">path of a weight file of any published layout; sizes come from its shapes</param>
    /// <param name="inputs">
    /// image; input_ids and attention_mask, or text_features [q,d] where the file holds no text encoder (patch_tokens [b,hw,d] where it
    /// holds no image encoder); cotangent.OUTPUT asks for backward, an absent one is zero
    /// </param>
    /// <param name="heads">numbers of attention heads</param>
    /// <param name="dtype">f32 or f64</param>
    /// <param name="note">told in one line what was loaded and ignored; null where nobody asks</param>
    /// <returns>
    /// patch_tokens, pooled, text_features, logits, map, as far as the file goes; with a cotangent, grad.KEY of every floating tensor of
    /// the file but the state of its training
    /// </returns>
    /// <exception cref="DwarfException">weights or inputs that do not fit (content), heads that do not divide a width (usage)</exception>
    public static Dictionary<string, Tensor> Run(
        Device device,
        string weights,
        IReadOnlyDictionary<string, Tensor> inputs,
        HeadCounts heads,
        DType dtype,
        Action<string>? note = null)
    {
        if (dtype == DType.BF16)
        {
            throw new DwarfException(ErrorKind.Unavailable, "model run: parameters must be f32 or f64, found bf16");
        }

        CheckNames(inputs);
        using var file = WeightArchive.Open(weights);
        using var parts = NetworkParts.Open(file, heads, dtype, Size(inputs), device.Memory);
        note?.Invoke($"{weights}: {parts.Report}");
        string[] cotangents = [.. s_outputs.Where(o => inputs.ContainsKey(Cotangent + o))];
        using var tape = new Tape(device) { Recording = cotangents.Length > 0 };
        var outputs = Forward(tape, parts, inputs, dtype);
        var result = outputs.ToDictionary(o => o.Name, o => o.Value.Value.CopyTo(null));
        if (cotangents.Length > 0)
        {
            foreach (string name in cotangents.Where(c => !result.ContainsKey(c)))
            {
                throw new DwarfException(ErrorKind.Content, $"model run: {Cotangent}{name} has no output: {weights} and the inputs give no {name}");
            }

            var roots = outputs.Where(o => cotangents.Contains(o.Name)).ToList();
            tape.Backward([.. roots.Select(r => r.Value)], [.. roots.Select(r => tape.OnDevice(Wanted(inputs, r.Name, r.Value)))]);
            foreach (var entry in file.Entries.Where(e => e.DType.IsFloating() && !parts.IsTrainingState(e.Name)))
            {
                result["grad." + entry.Name] = parts.Find(entry.Name) is { } known
                    ? known.Gather(p => p.Grad).CopyTo(null)
                    : new Tensor(entry.Shape, dtype);
            }
        }

        return result;
    }

    private static List<(string Name, Variable Value)> Forward(
        Tape tape, NetworkParts parts, IReadOnlyDictionary<string, Tensor> inputs, DType dtype)
    {
        var outputs = new List<(string, Variable)>();
        Variable? patches = null, queries = null;
        if (parts.Image is not null && (parts.Decoder is not null || inputs.ContainsKey("image") || parts.Text is null))
        {
            (patches, var pooled) = parts.Image.Forward(tape, tape.Constant(Floating(inputs, "image").To(dtype)));
            outputs.AddRange([("patch_tokens", patches), ("pooled", pooled)]);
        }
        else if (parts.Decoder is not null)
        {
            patches = tape.Constant(Floating(inputs, "patch_tokens").To(dtype));
        }

        if (parts.Text is not null && !(inputs.ContainsKey("text_features") && parts.Decoder is not null)
            && (parts.Decoder is not null || inputs.ContainsKey("input_ids") || parts.Image is null))
        {
            queries = parts.Text.Forward(tape, Input(inputs, "input_ids"), Input(inputs, "attention_mask"));
        }
        else if (parts.Decoder is not null)
        {
            queries = tape.Constant(TextFeatures(inputs, parts).To(dtype));
        }

        if (queries is not null)
        {
            queries = parts.Decoder is null ? queries : parts.Decoder.Queries(tape, queries);
            outputs.Add(("text_features", queries));
        }

        if (parts.Decoder is not null)
        {
            var (logits, map) = parts.Decoder.Answer(tape, patches!, queries!, Prompts.Together);
            outputs.AddRange([("logits", logits), ("map", map)]);
        }

        return outputs;
    }

    private static (int Height, int Width) Size(IReadOnlyDictionary<string, Tensor> inputs)
    {
        if (!inputs.ContainsKey("image"))
        {
            return default;
        }

        var shape = Floating(inputs, "image").Shape;
        return shape.Rank == 4 && shape[2] is > 0 and <= int.MaxValue && shape[3] is > 0 and <= int.MaxValue
            ? ((int)shape[2], (int)shape[3])
            : throw new ShapeException($"model run: image must be [b,c,h,w], found {shape}");
    }

    private static Tensor TextFeatures(IReadOnlyDictionary<string, Tensor> inputs, NetworkParts parts)
    {
        var features = Floating(inputs, "text_features");
        return parts.DecoderConfig is not { Kind: DecoderKind.Medklip, TextWidth: var width } || (features.Shape.Rank == 2 && features.Shape[1] == width)
            ? features
            : throw new ShapeException($"model run: text_features must be [q,{width}], found {features.Shape}");
    }

    private static void CheckNames(IReadOnlyDictionary<string, Tensor> inputs)
    {
        foreach (string name in inputs.Keys)
        {
            if (!s_inputs.Contains(name))
            {
                throw new DwarfException(
                    ErrorKind.Content, $"model run: unknown input '{SafetensorsFile.Printable(name)}'{Nearest.Hint(name, s_inputs)}");
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

    private static Tensor Wanted(IReadOnlyDictionary<string, Tensor> inputs, string name, Variable output)
    {
        var tensor = Floating(inputs, Cotangent + name);
        return tensor.Shape == output.Shape
            ? tensor.To(output.DType)
            : throw new ShapeException($"model run: {Cotangent}{name} must be {output.Shape}, found {tensor.Shape}");
    }
}
