using System.Text.Json.Serialization;

namespace Dwarf.Model;

/// <summary>What the image encoder is, and under which published names its weights stand.</summary>
public enum ImageEncoderKind
{
    /// <summary>A vision transformer in Hugging Face's layout; the final norm is applied.</summary>
    Vit,

    /// <summary>A vision transformer in the layout of lukemelas' PyTorch-Pretrained-ViT; the tokens are taken before the final norm.</summary>
    LukemelasVit,
}

/// <summary>Sizes of the image encoder. The defaults are ViT-B/16 at 224 pixels in Hugging Face's layout.</summary>
public sealed record ImageEncoderConfig
{
    /// <summary>What it is. Left out of metadata where it is the default, which weights written before it existed have.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImageEncoderKind Kind { get; init; }

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
    public int GridRows => Size / Patch;

    /// <summary>Patches across an image.</summary>
    public int GridColumns => Across / Patch;

    /// <summary>Patches of an image, which are the elements of a map.</summary>
    public int Patches => GridRows * GridColumns;
}
