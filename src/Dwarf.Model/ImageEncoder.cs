using Dwarf.Model.Layers;
using Dwarf.Model.Weights;
using Engine.Autograd;

namespace Dwarf.Model;

/// <summary>What the network sees of an image: a grid of patch tokens, and one token for the whole.</summary>
public abstract class ImageEncoder
{
    private protected ImageEncoder()
    {
    }

    /// <summary>Encodes images.</summary>
    /// <param name="tape">records it</param>
    /// <param name="image">[b,c,h,w], normalised</param>
    /// <param name="training">whether batch norms that are trained use the batch's own statistics and move the running ones</param>
    /// <returns>patch tokens [b,hw,d], row-major over the grid, and the pooled token [b,d]</returns>
    public abstract (Variable Patches, Variable Pooled) Forward(Tape tape, Variable image, bool training = false);

    /// <summary>Declares the encoder that a configuration asks for.</summary>
    internal static ImageEncoder Create(Plan plan, ImageEncoderConfig config) => config.Kind switch
    {
        ImageEncoderKind.Resnet50 => new ResnetEncoder(plan, WeightNames.Image, config),
        ImageEncoderKind.LukemelasVit => new VitEncoder(plan, VitNames.Lukemelas(WeightNames.Image), config),
        _ => new VitEncoder(plan, VitNames.HuggingFace(WeightNames.Vit), config),
    };
}
