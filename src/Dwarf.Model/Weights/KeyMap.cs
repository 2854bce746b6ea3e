using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>From the names of one weight file to the network's, for every published layout.</summary>
/// <remarks>
/// A name is first rooted: wrappers (<c>module.</c>, <c>state_dict.</c>) fall away and what stands bare in files of one part gets the
/// part's prefix. A rooted name may then be the network's own, an alias of one, or one that <see cref="IgnoredNames"/> lists.
/// </remarks>
public sealed class KeyMap
{
    /// <summary>Prefixes and what they become; the first that fits wins, a prefix that becomes itself only ends the search.</summary>
    private static readonly (string From, string To)[] s_roots =
    [
        // MedKLIP is one module: its ResNet and its decoder stand side by side.
        ("model.res_", "image_encoder.res_"),

        // Hugging Face's modules without the name that KAD gives them.
        ("image_encoder.embeddings.", "image_encoder.vit.embeddings."),
        ("image_encoder.encoder.", "image_encoder.vit.encoder."),
        ("image_encoder.layernorm.", "image_encoder.vit.layernorm."),
        ("image_encoder.pooler.", "image_encoder.vit.pooler."),
        ("text_encoder.bert.", "text_encoder.bert_model."),
        ("text_encoder.embeddings.", "text_encoder.bert_model.embeddings."),
        ("text_encoder.encoder.", "text_encoder.bert_model.encoder."),
        ("text_encoder.pooler.", "text_encoder.bert_model.pooler."),
        ("image_encoder.", "image_encoder."),
        ("text_encoder.", "text_encoder."),
        ("model.", "model."),
        ("heads.", "heads."),

        // Files of one part.
        ("vit.", "image_encoder.vit."),
        ("res_", "image_encoder.res_"),
        ("resnet.", "image_encoder.resnet."),
        ("conv1.", "image_encoder.resnet.conv1."),
        ("bn1.", "image_encoder.resnet.bn1."),
        ("layer1.", "image_encoder.resnet.layer1."),
        ("layer2.", "image_encoder.resnet.layer2."),
        ("layer3.", "image_encoder.resnet.layer3."),
        ("layer4.", "image_encoder.resnet.layer4."),
        ("patch_embedding.", "image_encoder.patch_embedding."),
        ("class_token", "image_encoder.class_token"),
        ("positional_embedding.", "image_encoder.positional_embedding."),
        ("transformer.", "image_encoder.transformer."),
        ("norm.", "image_encoder.vit.norm."),
        ("layernorm.", "image_encoder.vit.layernorm."),
        ("bert_model.", "text_encoder.bert_model."),
        ("bert.", "text_encoder.bert_model."),
        ("mlp_embed.", "text_encoder.mlp_embed."),
        ("cls.", "text_encoder.cls."),
        ("decoder_norm.", "model.decoder_norm."),
        ("decoder.", "model.decoder."),
        ("mlp_head.", "model.mlp_head."),
        ("disease_embedding_layer.", "model.disease_embedding_layer."),
        ("cl_fc.", "model.cl_fc."),
    ];

    /// <summary>Names that repeat a weight: registered twice there, once here.</summary>
    private static readonly (string From, string To)[] s_aliases =
    [
        ("model.decoder.norm.", "model.decoder_norm."),
        ("image_encoder.vit.patch_embedding.", "image_encoder.patch_embedding."),
        ("image_encoder.vit.class_token", "image_encoder.class_token"),
        ("image_encoder.vit.positional_embedding.", "image_encoder.positional_embedding."),
        ("image_encoder.vit.transformer.", "image_encoder.transformer."),
        ("image_encoder.resnet.conv1.", "image_encoder.res_features.0."),
        ("image_encoder.resnet.bn1.", "image_encoder.res_features.1."),
        ("image_encoder.resnet.layer1.", "image_encoder.res_features.4."),
        ("image_encoder.resnet.layer2.", "image_encoder.res_features.5."),
        ("image_encoder.resnet.layer3.", "image_encoder.res_features.6."),
        ("image_encoder.resnet.layer4.", "image_encoder.res_features.7."),
    ];

    private static readonly string[] s_trainingState =
        ["optimizer", "lr_scheduler", "scaler", "config", "epoch", "name", "global_step"];

    /// <summary>What <see cref="Rooted"/> gives for the optimiser's, the schedule's and other names of a training that are no weights.</summary>
    internal const string TrainingState = "training state";

    private readonly string _bare;
    private readonly string _classifier;

    private KeyMap(string bare, string classifier) => (_bare, _classifier) = (bare, classifier);

    /// <summary>What files may hold without the network having a use for it, and why; a star stands for anything at one end.</summary>
    public static IReadOnlyList<(string Pattern, string Why)> IgnoredNames { get; } =
    [
        ("*.position_ids", "BERT's list of positions: 0, 1, 2, …"),
        ("*.token_type_ids", "BERT's list of zeros"),
        ("*.num_batches_tracked", "counts batches; batch norms with a momentum do not read it"),
        ("image_encoder.vit.pooler.*", "KAD takes the CLS token before the ViT's pooler"),
        ("image_encoder.vit.classifier.*", "the classes of the pre-training"),
        ("image_encoder.vit.norm.*", "KAD's lukemelas form takes the tokens before the final norm"),
        ("image_encoder.vit.fc.*", "the classes of the pre-training"),
        ("image_encoder.resnet.fc.*", "the classes of the pre-training"),
        ("image_encoder.resnet.layer4.*", "the 224 form ends with layer3"),
        ("text_encoder.bert_model.pooler.*", "texts are read from the CLS token before the pooler"),
        ("text_encoder.mlp_embed.*", "texts are read from the CLS token before the pooler"),
        ("text_encoder.cls.*", "BERT's pre-training task"),
        ("text_encoder.classifier.*", "the classes of the pre-training"),
        ("text_encoder.logit_scale", "the temperature of a loss"),
        ("model.logit_scale", "KAD's decoder does not use it either"),
        ("model.cl_fc.*", "MedKLIP's location loss"),
        ("text_features", "features of the prompts, for predict"),
        (TrainingState, "optimiser, schedule and counters of whoever trained it"),
    ];

    /// <summary>Reads a file's names: some bare ones mean another part in another company.</summary>
    /// <param name="names">all of the file's</param>
    /// <returns>the map</returns>
    public static KeyMap Of(IEnumerable<string> names)
    {
        string[] all = [.. names.Select(Unwrapped)];
        bool Any(string prefix) => all.Any(n => n.StartsWith(prefix, StringComparison.Ordinal));
        bool text = Any("embeddings.word_embeddings.") || Any("bert.") || Any("bert_model.") || Any("mlp_embed.");
        string bare = Any("embeddings.word_embeddings.") ? "text_encoder.bert_model." : "image_encoder.vit.";
        return new KeyMap(bare, Any("decoder.") ? "model." : text ? "text_encoder." : "image_encoder.vit.");
    }

    /// <summary>A file's name under the prefix of its part.</summary>
    /// <param name="name">in the file</param>
    /// <returns>image_encoder.…, text_encoder.…, model.…, heads.…; or what no layout knows, unchanged but for wrappers</returns>
    public string Rooted(string name)
    {
        string bare = Unwrapped(name);
        if (s_trainingState.Any(s => Begins(bare, s) && (bare.Length == s.Length || bare[s.Length] == '.')))
        {
            return TrainingState;
        }

        if (Begins(bare, WeightNames.Heads))
        {
            return bare;
        }

        // As TensorFlow's BERT named them; files of its first years still do.
        bare = bare.EndsWith(".LayerNorm.gamma", StringComparison.Ordinal) ? bare[..^"gamma".Length] + "weight"
            : bare.EndsWith(".LayerNorm.beta", StringComparison.Ordinal) ? bare[..^"beta".Length] + "bias"
            : bare;
        foreach (var (from, to) in s_roots)
        {
            if (Begins(bare, from))
            {
                return to + bare[from.Length..];
            }
        }

        return Begins(bare, "embeddings.") || Begins(bare, "encoder.") || Begins(bare, "pooler.") ? _bare + bare
            : Begins(bare, "classifier.") || bare == "logit_scale" ? _classifier + bare
            : Begins(bare, "fc.") ? "image_encoder.vit." + bare
            : bare;
    }

    /// <summary>The name that a rooted name repeats.</summary>
    /// <param name="rooted">of <see cref="Rooted"/></param>
    /// <returns>null where it is no alias</returns>
    public static string? Alias(string rooted)
    {
        foreach (var (from, to) in s_aliases)
        {
            if (Begins(rooted, from))
            {
                return to + rooted[from.Length..];
            }
        }

        return null;
    }

    /// <summary>All names under which the published classes register a weight.</summary>
    /// <param name="name">the network's</param>
    /// <returns>the name itself, then those that repeat it</returns>
    public static IEnumerable<string> Registered(string name)
        => s_aliases.Where(a => Begins(name, a.To)).Select(a => a.From + name[a.To.Length..]).Prepend(name);

    /// <summary>The network's weight of a rooted name.</summary>
    /// <param name="layout">the network's</param>
    /// <param name="rooted">of <see cref="Rooted"/></param>
    /// <returns>null where the network has none</returns>
    public static WeightEntry? Find(WeightLayout layout, string rooted)
        => layout.Find(rooted) ?? (Alias(rooted) is { } alias ? layout.Find(alias) : null);

    /// <summary>The line of <see cref="IgnoredNames"/> that lets a file hold a name.</summary>
    /// <param name="rooted">of <see cref="Rooted"/></param>
    /// <returns>its pattern; null where the name is an error</returns>
    public static string? IgnoredBy(string rooted)
    {
        foreach (var (pattern, _) in IgnoredNames)
        {
            bool fits = pattern[0] == '*' ? rooted.EndsWith(pattern[1..], StringComparison.Ordinal)
                : pattern[^1] == '*' ? Begins(rooted, pattern[..^1])
                : rooted == pattern;
            if (fits)
            {
                return pattern;
            }
        }

        return null;
    }

    /// <summary>Without what DataParallel and training scripts wrap around names. Findings may be called anything: heads stay as they are.</summary>
    private static string Unwrapped(string name)
    {
        if (Begins(name, WeightNames.Heads) || !(name.Contains("module.", StringComparison.Ordinal) || Begins(name, "state_dict.")))
        {
            return name;
        }

        var parts = name.Split('.').Where(p => p != "module");
        return string.Join('.', parts.FirstOrDefault() == "state_dict" ? parts.Skip(1) : parts);
    }

    private static bool Begins(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);
}
