using Dwarf.Model.Layers;
using Dwarf.Model.Weights;

namespace Dwarf.Model.Onnx.Layers;

/// <summary>The image encoder, whichever it is.</summary>
internal static class ImageEncoderPiece
{
    /// <summary>Encodes images.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="config">kind and sizes</param>
    /// <param name="image">[b,c,h,w]</param>
    /// <returns>patch tokens [b,hw,d] and pooled [b,d]</returns>
    public static (string Patches, string Pooled) ImageEncoder(this OnnxGraph graph, ImageEncoderConfig config, string image) => config.Kind switch
    {
        ImageEncoderKind.Vit => graph.Vit(WeightNames.Vit, VitNames.HuggingFace(WeightNames.Vit), config, image),
        ImageEncoderKind.LukemelasVit => graph.Vit(WeightNames.Image, VitNames.Lukemelas(WeightNames.Image), config, image),
        _ => graph.Resnet(config, image),
    };
}
