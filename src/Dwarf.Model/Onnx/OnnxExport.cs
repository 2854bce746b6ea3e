using Dwarf.Model.Onnx.Layers;
using Dwarf.Model.Weights;
using Engine.Tensors;

namespace Dwarf.Model.Onnx;

/// <summary>The image path of a network as an ONNX file: images, and text features where the network brings none of its own, to answers.</summary>
public static class OnnxExport
{
    /// <summary>
    /// Writes inputs image [b,c,h,w] and, where the network has a decoder but no features of its prompts, text_features [q,t]; outputs
    /// patch_tokens [b,hw,d] and pooled [b,d]; of a decoder logits [b,q,2], probability [b,q] of yes and map [b,q,hw]; and, where every
    /// prompt has its head, refined [b,q,hw]. All f32; b is the caller's.
    /// </summary>
    /// <param name="path">the file, replaced atomically; the same network gives the same bytes</param>
    /// <param name="stored">its weights are written one by one</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <returns>what the file takes and gives</returns>
    /// <exception cref="DwarfException">no image encoder (content), more than 2 GB (unavailable), or it cannot be written (input/output)</exception>
    public static OnnxSummary Write(string path, StoredNetwork stored, Prompts prompts)
    {
        var graph = Graph(stored, prompts);
        OnnxFile.Write(path, graph, Version(), OnnxMetadata.Of(stored, prompts));
        return new OnnxSummary(graph.Inputs, graph.Outputs);
    }

    private static OnnxGraph Graph(StoredNetwork stored, Prompts prompts)
    {
        var image = stored.Image ?? throw new DwarfException(ErrorKind.Content, "weights export: the weights hold no image encoder");
        var graph = new OnnxGraph(stored.Layout);
        string pixels = graph.Input("image", "normalised pixels, channels first", new(-1, null, "b"), image.Channels, image.Size, image.Across);
        graph.Batch = graph.SizeOf(pixels, 0, "b");
        var (patches, pooled) = graph.ImageEncoder(image, pixels);
        patches = graph.Output("patch_tokens", patches, "of the image encoder, row by row over the grid", graph.Batch, image.Patches, image.Width);
        graph.Output("pooled", pooled, "of the image encoder", graph.Batch, image.Width);
        if (stored.Decoder is not null)
        {
            Answers(graph, stored, image, patches, prompts);
        }

        return graph;
    }

    private static void Answers(OnnxGraph graph, StoredNetwork stored, ImageEncoderConfig image, string patches, Prompts prompts)
    {
        OnnxDim count;
        string texts;
        if (stored.TextFeatures is { } features)
        {
            texts = graph.Constant(WeightNames.TextFeatures, features);
            count = features.Shape[0];
        }
        else
        {
            texts = graph.Input("text_features", "one row a prompt", new(-1, null, "q"), stored.TextWidth);
            count = graph.SizeOf(texts, 0, "q");
        }

        var (logits, map) = graph.Decoder(WeightNames.Decoder, stored.Decoder!, image, patches, texts, count, prompts);
        logits = graph.Output("logits", logits, "no, yes", graph.Batch, count, 2);
        graph.Output("probability", Yes(graph, logits, count), "of yes", graph.Batch, count);
        map = graph.Output("map", map, "attention, mean over heads; rows sum to 1", graph.Batch, count, image.Patches);
        if (stored is { Info: { HasHeads: true } info, TextFeatures: not null })
        {
            string refined = graph.RefinedMap(info.Findings, stored.Heads, info.Map, image, map);
            graph.Output("refined", refined, "the map after the finding's head, 0 to 1", graph.Batch, count, image.Patches);
        }
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
