namespace Dwarf.Model.Layers;

/// <summary>The names of a vision transformer's weights in one of the two published layouts.</summary>
internal sealed record VitNames
{
    /// <summary>The class token.</summary>
    public required string ClassToken { get; init; }

    /// <summary>The position embeddings.</summary>
    public required string Positions { get; init; }

    /// <summary>The patch projection, up to .weight and .bias.</summary>
    public required string Patches { get; init; }

    /// <summary>The blocks, up to the number.</summary>
    public required string Blocks { get; init; }

    /// <summary>Within a block: query, key and value; the packed parameter of the three; the output projection.</summary>
    public required string[] Attention { get; init; }

    /// <summary>Within a block: first and second linear layer of the feed-forward part.</summary>
    public required string[] FeedForward { get; init; }

    /// <summary>Within a block: norm before the attention, norm before the feed-forward part.</summary>
    public required string[] Norms { get; init; }

    /// <summary>The final norm; null where the layout does not apply one.</summary>
    public string? Final { get; init; }

    /// <summary>Hugging Face's ViTModel (KAD's ModelViT224): the final norm is applied.</summary>
    public static VitNames HuggingFace(string prefix) => new()
    {
        ClassToken = $"{prefix}.embeddings.cls_token",
        Positions = $"{prefix}.embeddings.position_embeddings",
        Patches = $"{prefix}.embeddings.patch_embeddings.projection",
        Blocks = $"{prefix}.encoder.layer",
        Attention =
        [
            "attention.attention.query", "attention.attention.key", "attention.attention.value", "attention.attention.qkv",
            "attention.output.dense",
        ],
        FeedForward = ["intermediate.dense", "output.dense"],
        Norms = ["layernorm_before", "layernorm_after"],
        Final = $"{prefix}.layernorm",
    };

    /// <summary>lukemelas' PyTorch-Pretrained-ViT as KAD's ModelViT uses it: the tokens are taken before the final norm.</summary>
    public static VitNames Lukemelas(string prefix) => new()
    {
        ClassToken = $"{prefix}.class_token",
        Positions = $"{prefix}.positional_embedding.pos_embedding",
        Patches = $"{prefix}.patch_embedding",
        Blocks = $"{prefix}.transformer.blocks",
        Attention = ["attn.proj_q", "attn.proj_k", "attn.proj_v", "attn.qkv", "proj"],
        FeedForward = ["pwff.fc1", "pwff.fc2"],
        Norms = ["norm1", "norm2"],
    };
}
