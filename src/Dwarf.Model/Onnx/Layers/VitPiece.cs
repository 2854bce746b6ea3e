using Dwarf.Model.Layers;

namespace Dwarf.Model.Onnx.Layers;

/// <summary>The vision transformer; tokens of all images are rows [b·t,d] throughout, attention alone tells the images apart.</summary>
internal static class VitPiece
{
    /// <summary>Encodes images.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="scope">name of the part</param>
    /// <param name="names">of the weights</param>
    /// <param name="config">sizes</param>
    /// <param name="image">[b,c,h,w]</param>
    /// <returns>patch tokens [b,hw,d] and pooled [b,d]</returns>
    public static (string Patches, string Pooled) Vit(this OnnxGraph graph, string scope, VitNames names, ImageEncoderConfig config, string image)
    {
        int tokens = config.Patches + 1;
        string x = Embed(graph, scope, names, config, image);
        for (int i = 0; i < config.Layers; i++)
        {
            x = Block(graph, $"{names.Blocks}.{i}", names, config, x, tokens);
        }

        x = names.Final is null ? x : graph.Norm(names.Final, x, config.Epsilon);
        string y = graph.Reshape(scope, x, OnnxDim.Rest, tokens, config.Width);
        string patches = graph.Add(scope, "Slice", [y, graph.Integers(1), graph.Integers(tokens), graph.Integers(1)]);
        string first = graph.Add(scope, "Slice", [y, graph.Integers(0), graph.Integers(1), graph.Integers(1)]);
        return (patches, graph.Reshape(scope, first, OnnxDim.Rest, config.Width));
    }

    private static string Embed(OnnxGraph graph, string scope, VitNames names, ImageEncoderConfig config, string image)
    {
        string name = names.Patches;
        string grid = graph.Add(
            name, "Conv", [image, graph.Weight($"{name}.weight"), graph.Weight($"{name}.bias")],
            OnnxAttribute.Ints("kernel_shape", config.Patch, config.Patch), OnnxAttribute.Ints("strides", config.Patch, config.Patch));
        string patches = graph.Transpose(name, graph.Reshape(name, grid, OnnxDim.Rest, config.Width, config.Patches), 0, 2, 1);
        string cls = graph.Add(scope, "Expand", [graph.Weight(names.ClassToken), graph.Shape(scope, graph.Batch, 1, 1)]);
        string tokens = graph.Add(scope, "Concat", [cls, patches], OnnxAttribute.Int("axis", 1));
        string placed = graph.Add(scope, "Add", [tokens, graph.Weight(names.Positions)]);
        return graph.Reshape(scope, placed, OnnxDim.Rest, config.Width);
    }

    private static string Block(OnnxGraph graph, string name, VitNames names, ImageEncoderConfig config, string x, int tokens)
    {
        string[] attention = [.. names.Attention.Select(part => $"{name}.{part}")];
        string before = graph.Norm($"{name}.{names.Norms[0]}", x, config.Epsilon);
        string q = graph.Linear(attention[0], before);
        string k = graph.Linear(attention[1], before);
        string v = graph.Linear(attention[2], before);
        var (mixed, _) = graph.Attend($"{name}.attention", q, k, v, tokens, tokens, config.Heads, config.Width);
        x = graph.Add(name, "Add", [x, graph.Linear(attention[^1], mixed)]);
        string after = graph.Norm($"{name}.{names.Norms[1]}", x, config.Epsilon);
        string hidden = graph.Gelu(name, graph.Linear($"{name}.{names.FeedForward[0]}", after));
        return graph.Add(name, "Add", [x, graph.Linear($"{name}.{names.FeedForward[1]}", hidden)]);
    }
}
