using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>Which of the published encoders and decoders a set of names and shapes belongs to.</summary>
/// <param name="Image">the image encoder; null where there is none that is known</param>
/// <param name="Stage">the last stage of a ResNet: 3 or 4; 0 of anything else</param>
/// <param name="Decoder">the decoder; null where there is none that is known</param>
internal sealed record Variants(ImageEncoderKind? Image, int Stage, DecoderKind? Decoder)
{
    /// <summary>Reads it off rooted names.</summary>
    /// <param name="shapes">by rooted name, aliases included</param>
    public static Variants Of(IReadOnlyDictionary<string, Shape> shapes)
    {
        // Several names speak for each: a file that lacks one is then told which.
        bool Any(string name) => shapes.Keys.Any(n => n.StartsWith(name, StringComparison.Ordinal));
        ImageEncoderKind? image =
            Any($"{WeightNames.Vit}.embeddings.") || Any($"{WeightNames.Vit}.encoder.") ? ImageEncoderKind.Vit
            : Any($"{WeightNames.Image}.patch_embedding.") || Any($"{WeightNames.Image}.transformer.") ? ImageEncoderKind.LukemelasVit
            : Any($"{WeightNames.Image}.res_") ? ImageEncoderKind.Resnet50
            : null;
        bool medklip = Any($"{WeightNames.Decoder}.disease_embedding_layer.") || Any($"{WeightNames.Decoder}.classifier.");
        DecoderKind? decoder = medklip ? DecoderKind.Medklip
            : Any($"{WeightNames.Decoder}.decoder.") || Any($"{WeightNames.Decoder}.mlp_head.") ? DecoderKind.Kad
            : null;
        return new Variants(image, image == ImageEncoderKind.Resnet50 ? LastStage(shapes) : 0, decoder);
    }

    /// <summary>What both have, but differently.</summary>
    /// <param name="held">of the file</param>
    /// <param name="wanted">of the network</param>
    /// <returns>the part and both in words</returns>
    public static IEnumerable<(string Part, string Held, string Wanted)> Compare(Variants held, Variants wanted)
    {
        bool stages = held.Stage != 0 && wanted.Stage != 0 && held.Stage != wanted.Stage;
        if (held.Image is { } image && wanted.Image is { } other && (image != other || stages))
        {
            yield return ("image encoder", held.ImageWords(), wanted.ImageWords());
        }

        if (held.Decoder is { } decoder && wanted.Decoder is { } another && decoder != another)
        {
            yield return ("decoder", Words(decoder), Words(another));
        }
    }

    /// <summary>The projection behind the ResNet is as wide as the stage it follows; without it, a ResNet may be either.</summary>
    private static int LastStage(IReadOnlyDictionary<string, Shape> shapes)
    {
        long Channels(int stage) => shapes.TryGetValue($"{WeightNames.Image}.res_features.{stage + 3}.0.conv3.weight", out var conv) && conv.Rank == 4
            ? conv[0]
            : 0;
        if (!shapes.TryGetValue($"{WeightNames.Image}.res_l1.weight", out var projection) || projection.Rank != 2)
        {
            return 0;
        }

        return projection[1] == Channels(3) ? 3 : projection[1] == Channels(4) ? 4 : 0;
    }

    private string ImageWords() => Image switch
    {
        ImageEncoderKind.Vit => "a vision transformer in Hugging Face's layout (kind vit)",
        ImageEncoderKind.LukemelasVit => "a vision transformer in lukemelas' layout (kind lukemelas-vit)",
        _ => Stage == 0 ? "a ResNet (kind resnet50)" : $"a ResNet through layer{Stage} (kind resnet50, stage {Stage})",
    };

    private static string Words(DecoderKind kind) => kind == DecoderKind.Kad ? "KAD's (kind kad)" : "MedKLIP's (kind medklip)";
}
