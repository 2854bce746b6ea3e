namespace Dwarf.Model.Onnx.Layers;

/// <summary>The query decoder, KAD's or MedKLIP's; the prompts of all images are rows [b·q,d].</summary>
internal static class DecoderPiece
{
    /// <summary>Asks every image every prompt.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="prefix">of the weights</param>
    /// <param name="config">sizes</param>
    /// <param name="image">the image encoder's sizes</param>
    /// <param name="patches">patch tokens [b,hw,d]</param>
    /// <param name="features">text features [q,t]</param>
    /// <param name="count">q</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <returns>logits [b,q,2] and the map [b,q,hw], mean over heads: KAD's of the last block, MedKLIP's the mean of all</returns>
    public static (string Logits, string Map) Decoder(
        this OnnxGraph graph, string prefix, DecoderConfig config, ImageEncoderConfig image, string patches, string features, OnnxDim count, Prompts prompts)
    {
        bool kad = config.Kind == DecoderKind.Kad;
        int width = image.Width;
        string norm = kad ? $"{prefix}.decoder_norm" : $"{prefix}.decoder.norm";
        string memory = graph.Reshape(prefix, kad ? graph.Norm(norm, patches, config.Epsilon) : patches, OnnxDim.Rest, width);
        string queries = kad ? graph.Norm(norm, features, config.Epsilon) : graph.Linear($"{prefix}.disease_embedding_layer", features);
        string every = graph.Add(prefix, "Expand", [queries, graph.Shape(prefix, graph.Batch, 1, 1)]);
        string x = graph.Reshape(prefix, every, OnnxDim.Rest, width);
        var maps = new List<string>();
        for (int i = 0; i < config.Layers; i++)
        {
            string name = $"{prefix}.decoder.layers.{i}";
            string asked = graph.Norm($"{name}.norm1", x, config.Epsilon);
            x = graph.Add(name, "Add", [x, AskPrompts(graph, $"{name}.self_attn", config, width, asked, count, prompts)]);
            string seeking = graph.Norm($"{name}.norm2", x, config.Epsilon);
            var (answer, weights) = AskImage(graph, $"{name}.multihead_attn", config, width, seeking, memory, count, image.Patches);
            x = graph.Add(name, "Add", [x, answer]);
            string hidden = graph.Linear($"{name}.linear1", graph.Norm($"{name}.norm3", x, config.Epsilon));
            x = graph.Add(name, "Add", [x, graph.Linear($"{name}.linear2", graph.Add(name, "Relu", [hidden]))]);
            if (!kad || i == config.Layers - 1)
            {
                maps.Add(graph.Add(name, "ReduceMean", [weights], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 0)));
            }
        }

        string logits = graph.Linear(kad ? $"{prefix}.mlp_head.0" : $"{prefix}.classifier", graph.Norm(norm, x, config.Epsilon));
        string map = maps.Count == 1 ? maps[0] : graph.Add(prefix, "Mean", [.. maps]);
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
