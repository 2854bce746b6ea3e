using System.Text.Json.Serialization;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>What the image encoder is, and under which published names its weights stand.</summary>
public enum ImageEncoderKind
{
    /// <summary>A vision transformer in Hugging Face's layout; the final norm is applied.</summary>
    Vit,

    /// <summary>A vision transformer in the layout of lukemelas' PyTorch-Pretrained-ViT; the tokens are taken before the final norm.</summary>
    LukemelasVit,

    /// <summary>A ResNet-50 and two linear layers behind it: KAD's public weights, MedKLIP's.</summary>
    Resnet50,
}

/// <summary>Residual blocks of each of a ResNet's stages.</summary>
/// <param name="First">blocks of layer1</param>
/// <param name="Second">blocks of layer2</param>
/// <param name="Third">blocks of layer3</param>
/// <param name="Fourth">blocks of layer4; not read where the encoder ends with layer3</param>
public sealed record ResnetBlocks(int First = 3, int Second = 4, int Third = 6, int Fourth = 3)
{
    /// <summary>Blocks of a stage.</summary>
    /// <param name="stage">1 to 4</param>
    public int Of(int stage) => stage switch { 1 => First, 2 => Second, 3 => Third, _ => Fourth };
}

/// <summary>What a ResNet needs beside its image and token sizes. The defaults are ResNet-50.</summary>
public sealed record ResnetConfig
{
    /// <summary>The last stage: 3 (16 pixels a patch: KAD's 224 form, MedKLIP) or 4 (32 pixels a patch: KAD's 512 and 1024 form).</summary>
    public int Stage { get; init; } = 4;

    /// <summary>Channels of the first convolution.</summary>
    public int Stem { get; init; } = 64;

    /// <summary>Channels of the 3×3 convolutions of layer1; each later stage has twice those of the one before.</summary>
    public int Bottleneck { get; init; } = 64;

    /// <summary>Blocks of each stage.</summary>
    public ResnetBlocks Blocks { get; init; } = new();

    /// <summary>Whether batch norms keep to their running statistics in training, too.</summary>
    public bool FrozenStatistics { get; init; }

    /// <summary>Channels that a stage puts out.</summary>
    /// <param name="stage">1 to 4</param>
    public int Channels(int stage) => (4 * Bottleneck) << (stage - 1);
}

/// <summary>Sizes of the image encoder. The defaults are ViT-B/16 at 224 pixels in Hugging Face's layout.</summary>
public sealed record ImageEncoderConfig
{
    /// <summary>What it is. Left out of metadata where it is the default, which weights written before it existed have.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImageEncoderKind Kind { get; init; }

    /// <summary>What a ResNet needs; null of a vision transformer, whose own sizes a ResNet does not read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ResnetConfig? Resnet { get; init; }

    /// <summary>Height of the images in pixels, of a vision transformer a multiple of <see cref="Patch"/>.</summary>
    public int Size { get; init; } = 224;

    /// <summary>Width of the images in pixels; 0 where they are square.</summary>
    public int SizeAcross { get; init; }

    /// <summary>Side of a square patch in pixels.</summary>
    public int Patch { get; init; } = 16;

    /// <summary>Channels of the images.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Features of a patch token, which is what the decoder reads.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Hidden features of each block's feed-forward part.</summary>
    public int Hidden { get; init; } = 3072;

    /// <summary>Added to the variance in layer norms; 1e-6 in lukemelas' layout.</summary>
    public double Epsilon { get; init; } = 1e-12;

    /// <summary>Standard deviation of a new network's position embeddings; null: as its matrices'.</summary>
    public double? PositionStd { get; init; }

    /// <summary>Width of the images in pixels, square or not.</summary>
    [JsonIgnore]
    public int Across => SizeAcross == 0 ? Size : SizeAcross;

    /// <summary>Patches down an image.</summary>
    public int GridRows => Grid(Size);

    /// <summary>Patches across an image.</summary>
    public int GridColumns => Grid(Across);

    /// <summary>Patches of an image, which are the elements of a map.</summary>
    public int Patches => GridRows * GridColumns;

    /// <summary>Checks that the sizes fit each other.</summary>
    /// <exception cref="DwarfException">one line for the first that does not (configuration)</exception>
    internal void Validate()
    {
        ModelConfig.Positive(("image.channels", Channels), ("image.size", Size), ("image.width", Width));
        if ((Kind == ImageEncoderKind.Resnet50) != (Resnet is not null))
        {
            throw new DwarfException(ErrorKind.Configuration, $"image.resnet: kind {Kind} {(Resnet is null ? "needs it" : "has none")}");
        }

        if (Resnet is null)
        {
            ModelConfig.Divides("image.patch", Patch, "image.size", Size);
            ModelConfig.Divides("image.patch", Patch, "image.size_across", Across);
            ModelConfig.Divides("image.heads", Heads, "image.width", Width);
            ModelConfig.Positive(("image.layers", Layers), ("image.hidden", Hidden));
            return;
        }

        if (Resnet.Stage is not (3 or 4))
        {
            throw new DwarfException(ErrorKind.Configuration, $"image.resnet.stage: expected 3 or 4, found {Resnet.Stage}");
        }

        ModelConfig.Positive(
            ("image.resnet.stem", Resnet.Stem), ("image.resnet.bottleneck", Resnet.Bottleneck),
            ("image.resnet.blocks", Enumerable.Range(1, Resnet.Stage).Min(Resnet.Blocks.Of)));
    }

    // Each of a ResNet's strides of 2 rounds up.
    private int Grid(int pixels) => Resnet is null ? pixels / Patch : (pixels + (2 << Resnet.Stage) - 1) / (2 << Resnet.Stage);
}
