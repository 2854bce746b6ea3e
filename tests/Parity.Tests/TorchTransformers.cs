using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Parity.Tests;

/// <summary>ViT, BERT and the query decoder from their definitions, in libtorch's operators.</summary>
internal static class TorchTransformers
{
    /// <summary>Dosovitskiy et al. 2021, pre-norm, final norm applied; names as Hugging Face's.</summary>
    public static (Tensor Patches, Tensor Pooled) Vit(TorchWeights w, string name, Tensor image, int layers, int heads)
    {
        const double Eps = 1e-12;
        string projection = $"{name}.embeddings.patch_embeddings.projection", embeddings = $"{name}.embeddings";
        var kernel = w[$"{projection}.weight"];
        var patches = F.conv2d(image, kernel, w[$"{projection}.bias"], strides: [kernel.shape[2], kernel.shape[3]]).flatten(2).transpose(1, 2);
        var x = cat([w[$"{embeddings}.cls_token"].expand(image.shape[0], -1, -1), patches], 1) + w[$"{embeddings}.position_embeddings"];
        for (int i = 0; i < layers; i++)
        {
            string layer = $"{name}.encoder.layer.{i}";
            x += SelfAttention(w, $"{layer}.attention.attention", $"{layer}.attention.output", w.Norm($"{layer}.layernorm_before", x, Eps), heads, null);
            x += FeedForward(w, layer, w.Norm($"{layer}.layernorm_after", x, Eps));
        }

        x = w.Norm($"{name}.layernorm", x, Eps);
        return (x.narrow(1, 1, x.shape[1] - 1), x.select(1, 0));
    }

    /// <summary>Devlin et al. 2019, post-norm, with the pooler and KAD's projection; names as Hugging Face's and KAD's.</summary>
    public static Tensor Bert(TorchWeights w, string name, Tensor ids, Tensor mask, int layers, int heads)
    {
        const double Eps = 1e-12;
        string bert = $"{name}.bert_model", embeddings = $"{bert}.embeddings";
        var words = w[$"{embeddings}.word_embeddings.weight"].index_select(0, ids.flatten()).reshape([.. ids.shape, -1]);
        var places = w[$"{embeddings}.position_embeddings.weight"].narrow(0, 0, ids.shape[1]);
        var x = w.Norm($"{embeddings}.LayerNorm", words + places + w[$"{embeddings}.token_type_embeddings.weight"].select(0, 0), Eps);
        for (int i = 0; i < layers; i++)
        {
            string layer = $"{bert}.encoder.layer.{i}", output = $"{layer}.attention.output";
            x = w.Norm($"{output}.LayerNorm", x + SelfAttention(w, $"{layer}.attention.self", output, x, heads, mask), Eps);
            x = w.Norm($"{layer}.output.LayerNorm", x + FeedForward(w, layer, x), Eps);
        }

        var pooled = w.Linear($"{bert}.pooler.dense", x.select(1, 0)).tanh();
        return w.Linear($"{name}.mlp_embed.2", F.gelu(w.Linear($"{name}.mlp_embed.0", pooled)));
    }

    /// <summary>KAD's query network: one norm for the texts, the patches and the end; the map is the last layer's.</summary>
    public static (Tensor Logits, Tensor Map) Decoder(TorchWeights w, string name, Tensor patches, Tensor features, int layers, int heads)
    {
        const double Eps = 1e-5;
        var memory = w.Norm($"{name}.decoder_norm", patches, Eps);
        var x = w.Norm($"{name}.decoder_norm", features, Eps).unsqueeze(0).expand(patches.shape[0], -1, -1);
        Tensor map = null!;
        for (int i = 0; i < layers; i++)
        {
            (x, map) = Block(w, $"{name}.decoder.layers.{i}", x, memory, heads);
        }

        return (w.Linear($"{name}.mlp_head.0", w.Norm($"{name}.decoder_norm", x, Eps)), map);
    }

    /// <summary>MedKLIP's: texts through a layer of their own, no norm before the blocks; the map is the mean over the layers.</summary>
    public static (Tensor Logits, Tensor Map) MedklipDecoder(TorchWeights w, string name, Tensor patches, Tensor features, int layers, int heads)
    {
        var x = w.Linear($"{name}.disease_embedding_layer", features).unsqueeze(0).expand(patches.shape[0], -1, -1);
        var maps = new Tensor[layers];
        for (int i = 0; i < layers; i++)
        {
            (x, maps[i]) = Block(w, $"{name}.decoder.layers.{i}", x, patches, heads);
        }

        return (w.Linear($"{name}.classifier", w.Norm($"{name}.decoder.norm", x, 1e-5)), stack(maps).mean([0]));
    }

    private static (Tensor X, Tensor Map) Block(TorchWeights w, string layer, Tensor x, Tensor memory, int heads)
    {
        const double Eps = 1e-5;
        var y = w.Norm($"{layer}.norm1", x, Eps);
        x += w.MultiHead($"{layer}.self_attn", y, y, heads).Y;
        var (answer, map) = w.MultiHead($"{layer}.multihead_attn", w.Norm($"{layer}.norm2", x, Eps), memory, heads);
        x += answer;
        return (x + w.Linear($"{layer}.linear2", w.Linear($"{layer}.linear1", w.Norm($"{layer}.norm3", x, Eps)).relu()), map);
    }

    private static Tensor SelfAttention(TorchWeights w, string name, string output, Tensor x, int heads, Tensor? mask)
    {
        var y = TorchWeights.Attend(w.Linear($"{name}.query", x), w.Linear($"{name}.key", x), w.Linear($"{name}.value", x), heads, mask).Y;
        return w.Linear($"{output}.dense", y);
    }

    private static Tensor FeedForward(TorchWeights w, string layer, Tensor x) =>
        w.Linear($"{layer}.output.dense", F.gelu(w.Linear($"{layer}.intermediate.dense", x)));
}
