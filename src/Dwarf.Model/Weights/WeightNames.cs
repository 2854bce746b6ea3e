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
}
