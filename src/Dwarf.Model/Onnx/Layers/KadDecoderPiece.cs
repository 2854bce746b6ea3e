namespace Dwarf.Model.Onnx.Layers;

/// <summary>KAD's query decoder; the prompts of all images are rows [b·q,d].</summary>
internal static class KadDecoderPiece
{
    /// <summary>Asks every image every prompt.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="prefix">of the weights</param>
    /// <param name="config">sizes</param>
    /// <param name="image">the image encoder's sizes</param>
    /// <param name="patches">patch tokens [b,hw,d]</param>
    /// <param name="features">text features [q,d]</param>
    /// <param name="count">q</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <returns>logits [b,q,2] and the last block's map [b,q,hw], mean over heads</returns>
    public static (string Logits, string Map) KadDecoder(
        this OnnxGraph graph, string prefix, DecoderConfig config, ImageEncoderConfig image, string patches, string features, OnnxDim count, Prompts prompts)
    {
        string norm = $"{prefix}.decoder_norm";
        int width = image.Width;
        string memory = graph.Reshape(norm, graph.Norm(norm, patches, config.Epsilon), OnnxDim.Rest, width);
        string once = graph.Norm(norm, features, config.Epsilon);
        string every = graph.Add(prefix, "Expand", [once, graph.Shape(prefix, graph.Batch, 1, 1)]);
        string x = graph.Reshape(prefix, every, OnnxDim.Rest, width);
        string weights = "";
        for (int i = 0; i < config.Layers; i++)
        {
            string name = $"{prefix}.decoder.layers.{i}";
            string asked = graph.Norm($"{name}.norm1", x, config.Epsilon);
            x = graph.Add(name, "Add", [x, AskPrompts(graph, $"{name}.self_attn", config, width, asked, count, prompts)]);
            string seeking = graph.Norm($"{name}.norm2", x, config.Epsilon);
            (string answer, weights) = AskImage(graph, $"{name}.multihead_attn", config, width, seeking, memory, count, image.Patches);
            x = graph.Add(name, "Add", [x, answer]);
            string hidden = graph.Linear($"{name}.linear1", graph.Norm($"{name}.norm3", x, config.Epsilon));
            x = graph.Add(name, "Add", [x, graph.Linear($"{name}.linear2", graph.Add(name, "Relu", [hidden]))]);
        }

        string logits = graph.Linear($"{prefix}.mlp_head.0", graph.Norm(norm, x, config.Epsilon));
        string map = graph.Add(prefix, "ReduceMean", [weights], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 0));
        return (graph.Reshape(prefix, logits, OnnxDim.Rest, count, 2), map);
    }

    private static string AskPrompts(OnnxGraph graph, string name, DecoderConfig config, int width, string x, OnnxDim count, Prompts prompts)
    {
        string mixed;
        if (prompts == Prompts.Alone)
        {
            // One prompt attends to itself with weight 1: what it hears is its own value.
            mixed = graph.Packed($"{name}.in_proj", x, width, 2, 3);
        }
        else
        {
            string[] qkv = graph.Split(name, graph.Packed($"{name}.in_proj", x, width, 0, 3), 3, 1);
            (mixed, _) = graph.Attend(name, qkv[0], qkv[1], qkv[2], count, count, config.Heads, width);
        }

        return graph.Linear($"{name}.out_proj", mixed);
    }

    private static (string Y, string Weights) AskImage(
        OnnxGraph graph, string name, DecoderConfig config, int width, string x, string memory, OnnxDim count, long patches)
    {
        string q = graph.Packed($"{name}.in_proj", x, width, 0, 1);
        string k = graph.Packed($"{name}.in_proj", memory, width, 1, 2);
        string v = graph.Packed($"{name}.in_proj", memory, width, 2, 3);
        var (mixed, weights) = graph.Attend(name, q, k, v, count, patches, config.Heads, width);
        return (graph.Linear($"{name}.out_proj", mixed), weights);
    }
}
