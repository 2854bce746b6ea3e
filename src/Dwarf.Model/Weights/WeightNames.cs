namespace Dwarf.Model.Weights;

/// <summary>The names of weights that need more than a look-up.</summary>
public static class WeightNames
{
    /// <summary>Prefix of the image encoder.</summary>
    public const string Image = "image_encoder";

    /// <summary>Prefix of a vision transformer in Hugging Face's layout.</summary>
    public const string Vit = "image_encoder.vit";

    /// <summary>Prefix of the text encoder.</summary>
    public const string Text = "text_encoder";

    /// <summary>Prefix of the decoder.</summary>
    public const string Decoder = "model";

    /// <summary>Prefix of the refinement heads, the dot included.</summary>
    public const string Heads = "heads.";

    /// <summary>The prompts' text features [f,d], stored so that predict needs no text encoder.</summary>
    public const string TextFeatures = "text_features";

    private const string DecoderNorm = $"{Decoder}.decoder_norm.";

    private const string DecoderNormAlias = $"{Decoder}.decoder.norm.";

    /// <summary>The name under which the network knows a weight: PyTorch writes the decoder's shared norm twice.</summary>
    /// <param name="name">in a file</param>
    /// <returns>the same name, or what it is an alias of</returns>
    public static string Canonical(string name) => name.StartsWith(DecoderNormAlias, StringComparison.Ordinal)
        ? $"{DecoderNorm}{name[DecoderNormAlias.Length..]}"
        : name;

    /// <summary>The second name under which PyTorch writes a weight.</summary>
    /// <param name="name">as the network knows it</param>
    /// <returns>null where it has but one</returns>
    public static string? Alias(string name) => name.StartsWith(DecoderNorm, StringComparison.Ordinal)
        ? $"{DecoderNormAlias}{name[DecoderNorm.Length..]}"
        : null;
}
