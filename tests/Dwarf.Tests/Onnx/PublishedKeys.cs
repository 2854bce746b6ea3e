namespace Dwarf.Tests.Onnx;

/// <summary>Keys of the published classes' state, written out from their definitions.</summary>
internal static class PublishedKeys
{
    private static readonly string[] s_affine = ["weight", "bias"];

    /// <summary>Hugging Face's ViTModel.</summary>
    public static IEnumerable<string> Vit(int layers) =>
    [
        "embeddings.cls_token",
        "embeddings.position_embeddings",
        .. Affine("embeddings.patch_embeddings.projection"),
        .. Layers(layers, "encoder.layer",
            "attention.attention.query", "attention.attention.key", "attention.attention.value", "attention.output.dense",
            "intermediate.dense", "output.dense", "layernorm_before", "layernorm_after"),
        .. Affine("layernorm"),
        .. Affine("pooler.dense"),
    ];

    /// <summary>Hugging Face's BertModel, with the list of positions that older versions store.</summary>
    public static IEnumerable<string> Bert(int layers) =>
    [
        "embeddings.position_ids",
        "embeddings.word_embeddings.weight",
        "embeddings.position_embeddings.weight",
        "embeddings.token_type_embeddings.weight",
        .. Affine("embeddings.LayerNorm"),
        .. Layers(layers, "encoder.layer",
            "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "attention.output.LayerNorm",
            "intermediate.dense", "output.dense", "output.LayerNorm"),
        .. Affine("pooler.dense"),
    ];

    /// <summary>KAD's TQN_Model.</summary>
    public static IEnumerable<string> Tqn(int layers) =>
    [
        "logit_scale",
        .. Affine("decoder_norm"),
        .. Affine("decoder.norm"),
        .. Layers(layers, "decoder.layers",
            "self_attn.out_proj", "multihead_attn.out_proj", "linear1", "linear2", "norm1", "norm2", "norm3"),
        .. Enumerable.Range(0, layers).SelectMany(i => new[] { "self_attn", "multihead_attn" }
            .SelectMany(a => s_affine.Select(s => $"decoder.layers.{i}.{a}.in_proj_{s}"))),
        .. Affine("mlp_head.0"),
    ];

    private static IEnumerable<string> Affine(string name) => s_affine.Select(s => $"{name}.{s}");

    private static IEnumerable<string> Layers(int count, string prefix, params string[] parts)
        => Enumerable.Range(0, count).SelectMany(i => parts.SelectMany(p => Affine($"{prefix}.{i}.{p}")));
}
