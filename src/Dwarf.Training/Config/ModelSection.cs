using Dwarf.Model;
using Engine.Kernels.Operators;

namespace Dwarf.Training.Config;

/// <summary>Sizes of the network.</summary>
public sealed record ModelSection : ConfigSection
{
    /// <summary>Vision transformer.</summary>
    [Key("the image encoder")]
    public ImageSection Image { get; init; } = new();

    /// <summary>BERT.</summary>
    [Key("the text encoder, a BERT")]
    public TextSection Text { get; init; } = new();

    /// <summary>Cross-attention.</summary>
    [Key("the decoder that lets texts attend to patches; as wide as the image encoder")]
    public DecoderSection Decoder { get; init; } = new();

    /// <summary>Spread of first weights.</summary>
    [Key("standard deviation of a new network's matrices and embeddings; 0.02 suits a width of 768, narrow networks want more", Above = 0, Max = 10)]
    public double InitStd { get; init; } = 0.02;
}

/// <summary>The image encoder.</summary>
public sealed record ImageSection : ConfigSection
{
    /// <summary>What it is.</summary>
    [Key("vit (Hugging Face's layout), lukemelas-vit (no final norm) or resnet50 (KAD's and MedKLIP's public weights)")]
    public ImageEncoderKind Kind { get; init; } = ImageEncoderKind.Vit;

    /// <summary>Published weights of this part alone.</summary>
    [Key("weights of the image encoder alone to start from, read after those of the whole network", IsPath = true)]
    public string? Weights { get; init; }

    /// <summary>Last stage of a ResNet.</summary>
    [Key("resnet50: the last stage, 3 (16 pixels a patch: KAD at 224, MedKLIP) or 4 (32 pixels: KAD at 512 and 1024)", Min = 3, Max = 4)]
    public int Stage { get; init; } = 4;

    /// <summary>Whether batch norms learn statistics.</summary>
    [Key("resnet50: whether batch norms keep to their running statistics in training, too")]
    public bool FrozenStatistics { get; init; }

    /// <summary>Side of a patch.</summary>
    [Key("side of a patch in pixels", Min = 1, Max = 256)]
    public int Patch { get; init; } = 8;

    /// <summary>Features of a token.</summary>
    [Key("features of a patch token, which is the decoder's width", Min = 1, Max = 16384)]
    public int Width { get; init; } = 128;

    /// <summary>Blocks.</summary>
    [Key("transformer blocks", Min = 1, Max = 256)]
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads.</summary>
    [Key("attention heads of a block", Min = 1, Max = 256)]
    public int Heads { get; init; } = 4;

    /// <summary>Hidden features.</summary>
    [Key("features inside a block's feed-forward part", Min = 1, Max = 65536)]
    public int Hidden { get; init; } = 512;

    /// <summary>Spread of first position embeddings.</summary>
    [Key("standard deviation of new position embeddings; model.init_std where empty", Above = 0, Max = 10)]
    public double? PositionStd { get; init; }
}

/// <summary>The text encoder.</summary>
public sealed record TextSection : ConfigSection
{
    /// <summary>WordPiece vocabulary.</summary>
    [Key("the WordPiece vocabulary, a piece a line", IsPath = true, Required = true)]
    public string Vocab { get; init; } = "";

    /// <summary>Features of a token.</summary>
    [Key("features of a token", Min = 1, Max = 16384)]
    public int Width { get; init; } = 128;

    /// <summary>Blocks.</summary>
    [Key("transformer blocks", Min = 1, Max = 256)]
    public int Layers { get; init; } = 2;

    /// <summary>Attention heads.</summary>
    [Key("attention heads of a block", Min = 1, Max = 256)]
    public int Heads { get; init; } = 4;

    /// <summary>Hidden features.</summary>
    [Key("features inside a block's feed-forward part", Min = 1, Max = 65536)]
    public int Hidden { get; init; } = 512;

    /// <summary>Tokens of a text.</summary>
    [Key("tokens of a text, [CLS] and [SEP] included; longer texts are cut", Min = 3, Max = 512)]
    public int MaxLength { get; init; } = 16;

    /// <summary>Rows of the position table.</summary>
    [Key("position embeddings; as many as max_length where empty, 512 in published BERTs", Min = 3, Max = 65536)]
    public int? Positions { get; init; }

    /// <summary>Published weights of this part alone.</summary>
    [Key("weights of the text encoder alone to start from, such as Med-KEBERT's", IsPath = true)]
    public string? Weights { get; init; }

    /// <summary>Hidden features of the projection.</summary>
    [Key("features inside the projection to the decoder's width", Min = 1, Max = 16384)]
    public int Projection { get; init; } = 128;
}

/// <summary>The cross-attention decoder.</summary>
public sealed record DecoderSection : ConfigSection
{
    /// <summary>Whose it is.</summary>
    [Key("kad (one norm for texts and patches, the last layer's map) or medklip (texts projected from the CLS token, the mean of all layers' maps)")]
    public DecoderKind Kind { get; init; } = DecoderKind.Kad;

    /// <summary>Layers.</summary>
    [Key("layers; the map is the attention of the last one, of kind medklip of all", Min = 1, Max = 64)]
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads.</summary>
    [Key("attention heads of a layer", Min = 1, Max = 256)]
    public int Heads { get; init; } = 4;

    /// <summary>Hidden features.</summary>
    [Key("features inside a layer's feed-forward part", Min = 1, Max = 65536)]
    public int Hidden { get; init; } = 256;

    /// <summary>Dropout.</summary>
    [Key("share of features dropped while training", Min = 0, Below = 1)]
    public double Dropout { get; init; } = 0.1;
}

/// <summary>From attention to a map.</summary>
public sealed record MapSection : ConfigSection
{
    /// <summary>How weights that sum to one become values up to one.</summary>
    [Key("how the attention of a text, which sums to 1, is scaled: by its max, by min and max, by the number of patches, not at all")]
    public MapScale Scale { get; init; } = MapScale.Max;
}

/// <summary>Expert heads.</summary>
public sealed record HeadSection : ConfigSection
{
    /// <summary>Kind.</summary>
    [Key("a full matrix over patches, or a 1x1 or 3x3 convolution")]
    public HeadKind Kind { get; init; } = HeadKind.Linear;

    /// <summary>Initial weights.</summary>
    [Key("identity keeps the model's own map at the start; random is the ablation")]
    public HeadInit Init { get; init; } = HeadInit.Identity;

    /// <summary>What it works on.</summary>
    [Key("whether it works on logits of the map or on the map itself")]
    public HeadSpace Space { get; init; } = HeadSpace.Logit;
}
