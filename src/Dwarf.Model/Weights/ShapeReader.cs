using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>Reads a network's sizes off the shapes of its weights.</summary>
/// <param name="path">the file, for messages</param>
/// <param name="shapes">by rooted name, as <see cref="Shapes"/> gives them</param>
internal sealed class ShapeReader(string path, IReadOnlyDictionary<string, Shape> shapes)
{
    private readonly Variants _variants = Variants.Of(shapes);

    /// <summary>The shapes of a file by rooted name; what an alias repeats stands under both names.</summary>
    /// <param name="file">the file</param>
    /// <param name="map">of the file's names</param>
    public static Dictionary<string, Shape> Shapes(WeightArchive file, KeyMap map)
    {
        var result = new Dictionary<string, Shape>();
        foreach (var entry in file.Entries)
        {
            string rooted = map.Rooted(entry.Name);
            result.TryAdd(rooted, entry.Shape);
            if (KeyMap.Alias(rooted) is { } alias)
            {
                result.TryAdd(alias, entry.Shape);
            }
        }

        return result;
    }

    /// <summary>All sizes of a whole network but the numbers of heads, which no shape shows.</summary>
    /// <param name="heads">image, text and decoder heads</param>
    /// <param name="height">of the images in pixels; 0 where they are square</param>
    /// <param name="width">of the images in pixels; 0 where they are square</param>
    /// <returns>the sizes</returns>
    public ModelConfig Read(HeadCounts heads, int height = 0, int width = 0) => new()
    {
        Image = Image(heads, height, width) ?? throw Wrong("holds no image encoder"),
        Text = Text(heads),
        Decoder = Decoder(heads) ?? throw Wrong("holds no decoder"),
        Heads = new HeadConfig { Kind = Kind() },
    };

    /// <summary>Sizes of the image encoder.</summary>
    /// <param name="heads">its heads, where it has any</param>
    /// <param name="height">of the images in pixels; 0 where they are square and the file's positions tell</param>
    /// <param name="width">of the images in pixels; 0 where they are square</param>
    /// <returns>null where the file holds none</returns>
    public ImageEncoderConfig? Image(HeadCounts heads, int height = 0, int width = 0) => _variants.Image switch
    {
        null => null,
        ImageEncoderKind.Resnet50 => Resnet(height, width),
        ImageEncoderKind.LukemelasVit => Vit(
            ImageEncoderKind.LukemelasVit, Layers.VitNames.Lukemelas(WeightNames.Image), 1e-6, heads, height, width),
        _ => Vit(ImageEncoderKind.Vit, Layers.VitNames.HuggingFace(WeightNames.Vit), 1e-12, heads, height, width),
    };

    /// <summary>Sizes of the text encoder.</summary>
    /// <param name="heads">its heads</param>
    /// <returns>null where the file holds none</returns>
    public TextEncoderConfig? Text(HeadCounts heads)
    {
        string bert = $"{WeightNames.Text}.bert_model";
        if (!Any($"{bert}.") && !Any($"{WeightNames.Text}.mlp_embed."))
        {
            return null;
        }

        var words = At($"{bert}.embeddings.word_embeddings.weight", 2);
        bool projected = Any($"{WeightNames.Text}.mlp_embed.");
        return new TextEncoderConfig
        {
            Output = projected ? TextOutput.Projected : TextOutput.Pooled,
            Vocabulary = (int)words[0],
            Width = (int)words[1],
            MaxPositions = (int)At($"{bert}.embeddings.position_embeddings.weight", 2)[0],
            TokenTypes = (int)At($"{bert}.embeddings.token_type_embeddings.weight", 2)[0],
            Layers = Count($"{bert}.encoder.layer."),
            Heads = Divides("text_heads", heads.Text, words[1]),
            Hidden = (int)At($"{bert}.encoder.layer.0.intermediate.dense.weight", 2)[0],
            Projection = projected ? (int)At($"{WeightNames.Text}.mlp_embed.0.weight", 2)[0] : (int)words[1],
        };
    }

    /// <summary>Features of a text behind the projection, or without one of the pooler.</summary>
    public int TextFeatures() => (int)At(
        Any($"{WeightNames.Text}.mlp_embed.") ? $"{WeightNames.Text}.mlp_embed.2.weight" : $"{WeightNames.Text}.bert_model.pooler.dense.weight", 2)[0];

    /// <summary>Sizes of the decoder.</summary>
    /// <param name="heads">its heads</param>
    /// <returns>null where the file holds none</returns>
    public DecoderConfig? Decoder(HeadCounts heads)
    {
        if (_variants.Decoder is not { } kind)
        {
            return null;
        }

        var first = At($"{WeightNames.Decoder}.decoder.layers.0.linear1.weight", 2);
        return new DecoderConfig
        {
            Kind = kind,
            TextWidth = kind == DecoderKind.Medklip ? (int)At($"{WeightNames.Decoder}.disease_embedding_layer.weight", 2)[1] : 0,
            Layers = Count($"{WeightNames.Decoder}.decoder.layers."),
            Heads = Divides("decoder_heads", heads.Decoder, first[1]),
            Hidden = (int)first[0],
        };
    }

    /// <summary>Features of the decoder's tokens.</summary>
    public int DecoderWidth() => (int)At($"{WeightNames.Decoder}.decoder.layers.0.linear1.weight", 2)[1];

    /// <summary>The findings that have a refinement head, in the file's order.</summary>
    /// <returns>their names</returns>
    public string[] Findings() => [.. shapes.Keys.Where(IsHead).Select(k => k[WeightNames.Heads.Length..^".weight".Length])];

    /// <summary>What the refinement heads compute.</summary>
    public HeadKind Kind()
    {
        if (shapes.Keys.FirstOrDefault(IsHead) is not { } name)
        {
            return HeadKind.Linear;
        }

        var shape = shapes[name];
        return shape switch
        {
            { Rank: 2 } => HeadKind.Linear,
            { Rank: 4 } when shape[3] == 1 => HeadKind.Conv1,
            { Rank: 4 } when shape[3] == 3 => HeadKind.Conv3,
            _ => throw Wrong($"'{name}' must be [hw,hw], [1,1,1,1] or [1,1,3,3], found {shape}"),
        };
    }

    private static bool IsHead(string name)
        => name.StartsWith(WeightNames.Heads, StringComparison.Ordinal) && name.EndsWith(".weight", StringComparison.Ordinal);

    private ImageEncoderConfig Vit(
        ImageEncoderKind kind, Layers.VitNames names, double epsilon, HeadCounts heads, int height, int width)
    {
        var patch = At($"{names.Patches}.weight", 4);
        var positions = At(names.Positions, 3);
        int side = (int)patch[3];
        int grid = (int)Math.Round(Math.Sqrt(positions[1] - 1));
        if (height == 0 && ((long)grid * grid != positions[1] - 1 || grid == 0))
        {
            throw Wrong($"'{names.Positions}' must have 1 + a square number of positions, found {positions}");
        }

        return new ImageEncoderConfig
        {
            Kind = kind,
            Size = height == 0 ? grid * side : height,
            SizeAcross = width == height ? 0 : width,
            Patch = side,
            Channels = (int)patch[1],
            Width = (int)patch[0],
            Layers = Count($"{names.Blocks}."),
            Heads = Divides("image_heads", heads.Image, patch[0]),
            Hidden = (int)At($"{names.Blocks}.0.{names.FeedForward[0]}.weight", 2)[0],
            Epsilon = epsilon,
        };
    }

    private ImageEncoderConfig Resnet(int height, int width)
    {
        string features = $"{WeightNames.Image}.res_features";
        var stem = At($"{features}.0.weight", 4);
        int bottleneck = (int)At($"{features}.4.0.conv1.weight", 4)[0];
        var projection = At($"{WeightNames.Image}.res_l1.weight", 2);
        int stage = new[] { 3, 4 }.FirstOrDefault(s => new ResnetConfig { Bottleneck = bottleneck }.Channels(s) == projection[1]);
        if (stage == 0)
        {
            throw Wrong($"'{WeightNames.Image}.res_l1.weight' must be [c,c], c = {16 * bottleneck} behind layer3 "
                + $"or {32 * bottleneck} behind layer4, found {projection}");
        }

        int Blocks(int layer) => layer <= stage ? Count($"{features}.{layer + 3}.") : 0;
        return new ImageEncoderConfig
        {
            Kind = ImageEncoderKind.Resnet50,
            Resnet = new ResnetConfig
            {
                Stage = stage,
                Stem = (int)stem[0],
                Bottleneck = bottleneck,
                Blocks = new ResnetBlocks(Blocks(1), Blocks(2), Blocks(3), Blocks(4)),
            },
            Size = height == 0 ? (stage == 3 ? 224 : 512) : height,
            SizeAcross = width == height ? 0 : width,
            Channels = (int)stem[1],
            Width = (int)At($"{WeightNames.Image}.res_l2.weight", 2)[0],
        };
    }

    private bool Any(string prefix) => shapes.Keys.Any(k => k.StartsWith(prefix, StringComparison.Ordinal));

    private int Count(string prefix)
    {
        int count = 0;
        while (Any($"{prefix}{count}."))
        {
            count++;
        }

        return count > 0 ? count : throw Wrong($"no tensor's name begins with '{prefix}0.'");
    }

    private Shape At(string name, int rank)
    {
        if (!shapes.TryGetValue(name, out var shape))
        {
            string hint = Nearest.Of(name, shapes.Keys) is { } near ? $" (the file has '{near}')" : "";
            throw Wrong($"tensor '{name}' is missing{hint}");
        }

        return shape.Rank == rank && shape.Count > 0
            ? shape
            : throw Wrong($"'{name}' must have {rank} axes, none of them empty, found {shape}");
    }

    private static int Divides(string attribute, int heads, long width) => heads > 0 && width % heads == 0
        ? heads
        : throw new DwarfException(ErrorKind.Usage, $"{attribute}: {heads} does not divide the width {width}");

    private DwarfException Wrong(string what) => new(ErrorKind.Content, $"{path}: {what}");
}

/// <summary>Numbers of attention heads, which no weight's shape shows.</summary>
/// <param name="Image">of the image encoder</param>
/// <param name="Text">of the text encoder</param>
/// <param name="Decoder">of the decoder</param>
public sealed record HeadCounts(int Image = 12, int Text = 12, int Decoder = 4);
