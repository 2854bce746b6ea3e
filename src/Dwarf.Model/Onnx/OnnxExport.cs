using Dwarf.Model.Onnx.Layers;
using Dwarf.Model.Weights;
using Engine.Tensors;

namespace Dwarf.Model.Onnx;

/// <summary>The image path of a network as an ONNX file: images, and text features where the file brings none of its own, to answers.</summary>
public static class OnnxExport
{
    /// <summary>
    /// Writes inputs image [b,c,h,w] and, without <paramref name="features"/>, text_features [q,d]; outputs patch_tokens [b,hw,d], pooled
    /// [b,d], logits [b,q,2], probability [b,q] of yes, map [b,q,hw] and, where every prompt has its head, refined [b,q,hw]. All f32;
    /// b is the caller's.
    /// </summary>
    /// <param name="path">the file, replaced atomically; the same network gives the same bytes</param>
    /// <param name="network">its weights are written one by one</param>
    /// <param name="info">what the weights file says about itself; null: nothing</param>
    /// <param name="features">text features [findings,d] of the prompts; null: the caller's</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <returns>what the file takes and gives</returns>
    /// <exception cref="DwarfException">more than 2 GB (unavailable), or it cannot be written (input/output)</exception>
    public static OnnxSummary Write(string path, DwarfNetwork network, WeightsInfo? info, Tensor? features, Prompts prompts)
    {
        var graph = Graph(network, info, features, prompts);
        OnnxFile.Write(path, graph, Version(), OnnxMetadata.Of(info, prompts));
        return new OnnxSummary(graph.Inputs, graph.Outputs);
    }

    private static OnnxGraph Graph(DwarfNetwork network, WeightsInfo? info, Tensor? features, Prompts prompts)
    {
        var config = network.Config;
        var (image, width) = (config.Image, config.Image.Width);
        var graph = new OnnxGraph(network.Layout);
        OnnxDim batch = new(-1, null, "b");
        string pixels = graph.Input(
            "image", "normalised pixels, channels first", batch, image.Channels, image.Size, image.GridColumns * image.Patch);
        graph.Batch = batch = graph.SizeOf(pixels, 0, "b");
        OnnxDim count = -1;
        string texts;
        if (features is null)
        {
            texts = graph.Input("text_features", "one row a prompt", new(-1, null, "q"), config.TextFeatures);
            count = graph.SizeOf(texts, 0, "q");
        }
        else
        {
            texts = graph.Constant(WeightNames.TextFeatures, features);
            count = features.Shape[0];
        }

        var (patches, pooled) = graph.ImageEncoder(image, pixels);
        var (logits, map) = graph.Decoder(WeightNames.Decoder, config.Decoder, image, patches, texts, count, prompts);
        graph.Output("patch_tokens", patches, "of the image encoder, row by row over the grid", batch, image.Patches, width);
        graph.Output("pooled", pooled, "of the image encoder", batch, width);
        logits = graph.Output("logits", logits, "no, yes", batch, count, 2);
        graph.Output("probability", Yes(graph, logits, count), "of yes", batch, count);
        map = graph.Output("map", map, "attention, mean over heads; rows sum to 1", batch, count, image.Patches);
        if (info is not null && features is not null && network.Findings.SequenceEqual(info.Findings))
        {
            string refined = graph.RefinedMap(info.Findings, config.Heads, info.Map, image, map);
            graph.Output("refined", refined, "the map after the finding's head, 0 to 1", batch, count, image.Patches);
        }

        return graph;
    }

    private static string Yes(OnnxGraph graph, string logits, OnnxDim count)
    {
        string both = graph.Add("probability", "Softmax", [logits], OnnxAttribute.Int("axis", -1));
        string yes = graph.Add("probability", "Slice", [both, graph.Integers(1), graph.Integers(2), graph.Integers(2)]);
        return graph.Reshape("probability", yes, OnnxDim.Rest, count);
    }

    /// <summary>The program's version, without what a build adds to it.</summary>
    private static string Version() => typeof(OnnxExport).Assembly.GetName().Version?.ToString(3) ?? "";
}
