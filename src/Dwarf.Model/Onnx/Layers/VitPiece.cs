namespace Dwarf.Model.Onnx.Layers;

/// <summary>The vision transformer; tokens of all images are rows [b·t,d] throughout, attention alone tells the images apart.</summary>
internal static class VitPiece
{
    /// <summary>Encodes images.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="prefix">of the weights</param>
    /// <param name="config">sizes</param>
    /// <param name="image">[b,c,h,w]</param>
    /// <returns>patch tokens [b,hw,d] and pooled [b,d]</returns>
    public static (string Patches, string Pooled) Vit(this OnnxGraph graph, string prefix, ImageEncoderConfig config, string image)
    {
        int tokens = config.Patches + 1;
        string x = Embed(graph, $"{prefix}.embeddings", config, image);
        for (int i = 0; i < config.Layers; i++)
        {
            x = Block(graph, $"{prefix}.encoder.layer.{i}", config, x, tokens);
        }

        x = graph.Norm($"{prefix}.layernorm", x, config.Epsilon);
        string y = graph.Reshape(prefix, x, OnnxDim.Rest, tokens, config.Width);
        string patches = graph.Add(prefix, "Slice", [y, graph.Integers(1), graph.Integers(tokens), graph.Integers(1)]);
        string first = graph.Add(prefix, "Slice", [y, graph.Integers(0), graph.Integers(1), graph.Integers(1)]);
        return (patches, graph.Reshape(prefix, first, OnnxDim.Rest, config.Width));
    }

    private static string Embed(OnnxGraph graph, string name, ImageEncoderConfig config, string image)
    {
        string projection = $"{name}.patch_embeddings.projection";
        string grid = graph.Add(
            projection, "Conv", [image, graph.Weight($"{projection}.weight"), graph.Weight($"{projection}.bias")],
            OnnxAttribute.Ints("kernel_shape", config.Patch, config.Patch), OnnxAttribute.Ints("strides", config.Patch, config.Patch));
        string patches = graph.Transpose(projection, graph.Reshape(projection, grid, OnnxDim.Rest, config.Width, config.Patches), 0, 2, 1);
        string cls = graph.Add(name, "Expand", [graph.Weight($"{name}.cls_token"), graph.Shape(name, graph.Batch, 1, 1)]);
        string tokens = graph.Add(name, "Concat", [cls, patches], OnnxAttribute.Int("axis", 1));
        string placed = graph.Add(name, "Add", [tokens, graph.Weight($"{name}.position_embeddings")]);
        return graph.Reshape(name, placed, OnnxDim.Rest, config.Width);
    }

    private static string Block(OnnxGraph graph, string name, ImageEncoderConfig config, string x, int tokens)
    {
        string attention = $"{name}.attention.attention";
        string before = graph.Norm($"{name}.layernorm_before", x, config.Epsilon);
        string q = graph.Linear($"{attention}.query", before);
        string k = graph.Linear($"{attention}.key", before);
        string v = graph.Linear($"{attention}.value", before);
        var (mixed, _) = graph.Attend(attention, q, k, v, tokens, tokens, config.Heads, config.Width);
        x = graph.Add(name, "Add", [x, graph.Linear($"{name}.attention.output.dense", mixed)]);
        string after = graph.Norm($"{name}.layernorm_after", x, config.Epsilon);
        string hidden = graph.Gelu($"{name}.intermediate", graph.Linear($"{name}.intermediate.dense", after));
        return graph.Add(name, "Add", [x, graph.Linear($"{name}.output.dense", hidden)]);
    }
}
