using System.Text.Json.Serialization;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>What of a text the encoder hands on.</summary>
public enum TextOutput
{
    /// <summary>The pooled token, projected to the decoder's width: KAD's.</summary>
    Projected,

    /// <summary>The pooled token: a BERT without a projection behind it.</summary>
    Pooled,

    /// <summary>The CLS token of the last block, before the pooler: MedKLIP's.</summary>
    Cls,
}

/// <summary>Sizes of the BERT encoder and the projection behind it. The defaults are BERT-base as Med-KEBERT uses it.</summary>
public sealed record TextEncoderConfig
{
    /// <summary>What it hands on. Left out of metadata where it is the default.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TextOutput Output { get; init; }

    /// <summary>Entries of the WordPiece vocabulary.</summary>
    public int Vocabulary { get; init; } = 30522;

    /// <summary>The most tokens of a text.</summary>
    public int MaxPositions { get; init; } = 512;

    /// <summary>Rows of the token-type table; only row 0 is used.</summary>
    public int TokenTypes { get; init; } = 2;

    /// <summary>Features of a token.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public int Layers { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="Width"/>.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Hidden features of each block's feed-forward part.</summary>
    public int Hidden { get; init; } = 3072;

    /// <summary>Hidden features of the projection to the decoder's width, where there is one.</summary>
    public int Projection { get; init; } = 768;

    /// <summary>Added to the variance in layer norms.</summary>
    public double Epsilon { get; init; } = 1e-12;
}

/// <summary>Whose query decoder it is, and under which published names its weights stand.</summary>
public enum DecoderKind
{
    /// <summary>KAD's: one norm for texts, patches and the end; the last block's map.</summary>
    Kad,

    /// <summary>MedKLIP's: texts are projected to the decoder's width, inputs are not normalised; the mean of all blocks' maps.</summary>
    Medklip,
}

/// <summary>Sizes of the cross-attention decoder, whose width is the image encoder's. The defaults are KAD's.</summary>
public sealed record DecoderConfig
{
    /// <summary>Whose it is. Left out of metadata where it is the default.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DecoderKind Kind { get; init; }

    /// <summary>Features of a text where the decoder projects them to its own width, as MedKLIP's does; 0 otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int TextWidth { get; init; }

    /// <summary>Transformer blocks.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads; divides the image encoder's width.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Hidden features of each block's feed-forward part.</summary>
    public int Hidden { get; init; } = 1024;

    /// <summary>Share of activations dropped in training.</summary>
    public double Dropout { get; init; } = 0.1;

    /// <summary>Added to the variance in layer norms.</summary>
    public double Epsilon { get; init; } = 1e-5;
}

/// <summary>What a refinement head computes on the map's grid.</summary>
public enum HeadKind
{
    /// <summary>Every output element reads every input element: Linear(hw, hw).</summary>
    Linear,

    /// <summary>One weight and one bias for all elements: a 1×1 convolution.</summary>
    Conv1,

    /// <summary>A 3×3 convolution, zero outside the grid.</summary>
    Conv3,
}

/// <summary>First values of a refinement head.</summary>
public enum HeadInit
{
    /// <summary>The map passes through unchanged (the paper's identity-enforced initialisation).</summary>
    Identity,

    /// <summary>Random weights, the ablation.</summary>
    Random,
}

/// <summary>The refinement heads, one a finding.</summary>
public sealed record HeadConfig
{
    /// <summary>What a head computes.</summary>
    public HeadKind Kind { get; init; } = HeadKind.Linear;

    /// <summary>Its first values.</summary>
    public HeadInit Init { get; init; } = HeadInit.Identity;
}

/// <summary>All sizes of a <see cref="DwarfNetwork"/>.</summary>
public sealed record ModelConfig
{
    /// <summary>The image encoder.</summary>
    public ImageEncoderConfig Image { get; init; } = new();

    /// <summary>BERT and its projection; null for a network without a text encoder, which lives on stored text features.</summary>
    public TextEncoderConfig? Text { get; init; } = new();

    /// <summary>The cross-attention decoder.</summary>
    public DecoderConfig Decoder { get; init; } = new();

    /// <summary>The refinement heads.</summary>
    public HeadConfig Heads { get; init; } = new();

    /// <summary>Features of a text as the decoder takes it.</summary>
    [JsonIgnore]
    public int TextFeatures => Decoder.Kind == DecoderKind.Medklip ? Decoder.TextWidth : Image.Width;

    /// <summary>Standard deviation of a new network's matrices and embeddings.</summary>
    public double InitStd { get; init; } = 0.02;

    /// <summary>Checks that the sizes fit each other.</summary>
    /// <exception cref="DwarfException">one line for the first that does not (configuration)</exception>
    public void Validate()
    {
        Image.Validate();
        Divides("decoder.heads", Decoder.Heads, "image.width", Image.Width);
        if (Text is not null)
        {
            Divides("text.heads", Text.Heads, "text.width", Text.Width);
            if (Text.Output != TextOutput.Projected && Text.Width != TextFeatures)
            {
                throw new DwarfException(
                    ErrorKind.Configuration, $"text.width: {Text.Width} must be {TextFeatures}, the features of a text in the decoder");
            }
        }

        (string Key, int Value)[] positive =
        [
            ("decoder.layers", Decoder.Layers), ("decoder.hidden", Decoder.Hidden), ("text.vocab_size", Text?.Vocabulary ?? 1),
            ("text.max_positions", Text?.MaxPositions ?? 1), ("text.layers", Text?.Layers ?? 1), ("text.hidden", Text?.Hidden ?? 1),
            ("text.projection", Text?.Projection ?? 1), ("decoder.text_width", TextFeatures),
        ];
        Positive(positive);
        if (!(Decoder.Dropout >= 0 && Decoder.Dropout < 1))
        {
            throw new DwarfException(
                ErrorKind.Configuration, FormattableString.Invariant($"decoder.dropout: expected 0 to below 1, found {Decoder.Dropout}"));
        }
    }

    internal static void Positive(params ReadOnlySpan<(string Key, int Value)> sizes)
    {
        foreach (var (key, value) in sizes)
        {
            if (value < 1)
            {
                throw new DwarfException(ErrorKind.Configuration, $"{key}: expected at least 1, found {value}");
            }
        }
    }

    internal static void Divides(string divisorKey, int divisor, string key, int size)
    {
        if (size < 1 || divisor < 1 || size % divisor != 0)
        {
            var divisors = Enumerable.Range(1, Math.Clamp(size, 0, 64)).Where(d => size % d == 0);
            string choices = size < 1 ? "" : "; use " + string.Join(", ", divisors);
            throw new DwarfException(ErrorKind.Configuration, $"{divisorKey}: {divisor} does not divide {key} {size}{choices}");
        }
    }
}
