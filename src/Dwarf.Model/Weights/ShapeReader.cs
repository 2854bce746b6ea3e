using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>Reads a network's sizes off the shapes of its weights.</summary>
internal sealed class ShapeReader(string path, IReadOnlyDictionary<string, Shape> shapes)
{
    /// <summary>All sizes but the numbers of heads, which no shape shows.</summary>
    /// <param name="heads">image, text and decoder heads</param>
    /// <param name="height">of the images in pixels; 0 where they are square</param>
    /// <param name="width">of the images in pixels; 0 where they are square</param>
    /// <returns>the sizes</returns>
    public ModelConfig Read(HeadCounts heads, int height = 0, int width = 0)
    {
        string vit = WeightNames.Vit;
        var patch = At($"{vit}.embeddings.patch_embeddings.projection.weight", 4);
        var positions = At($"{vit}.embeddings.position_embeddings", 3);
        int side = (int)patch[3];
        int grid = (int)Math.Round(Math.Sqrt(positions[1] - 1));
        if (height == 0 && ((long)grid * grid != positions[1] - 1 || grid == 0))
        {
            throw Wrong($"'{vit}.embeddings.position_embeddings' must have 1 + a square number of positions, found {positions}");
        }

        var image = new ImageEncoderConfig
        {
            Size = height == 0 ? grid * side : height,
            SizeAcross = width == height ? 0 : width,
            Patch = side,
            Channels = (int)patch[1],
            Width = (int)patch[0],
            Layers = Layers($"{vit}.encoder.layer."),
            Heads = Divides("image_heads", heads.Image, patch[0]),
            Hidden = (int)At($"{vit}.encoder.layer.0.intermediate.dense.weight", 2)[0],
        };
        return new ModelConfig
        {
            Image = image,
            Text = Text(heads),
            Decoder = new DecoderConfig
            {
                Layers = Layers($"{WeightNames.Decoder}.decoder.layers."),
                Heads = Divides("decoder_heads", heads.Decoder, image.Width),
                Hidden = (int)At($"{WeightNames.Decoder}.decoder.layers.0.linear1.weight", 2)[0],
            },
            Heads = new HeadConfig { Kind = Kind() },
        };
    }

    /// <summary>The findings that have a refinement head, in the file's order.</summary>
    /// <returns>their names</returns>
    public string[] Findings() => [.. shapes.Keys.Where(IsHead).Select(k => k[WeightNames.Heads.Length..^".weight".Length])];

    private static bool IsHead(string name)
        => name.StartsWith(WeightNames.Heads, StringComparison.Ordinal) && name.EndsWith(".weight", StringComparison.Ordinal);

    private TextEncoderConfig Text(HeadCounts heads)
    {
        string bert = $"{WeightNames.Text}.bert_model";
        var words = At($"{bert}.embeddings.word_embeddings.weight", 2);
        return new TextEncoderConfig
        {
            Vocabulary = (int)words[0],
            Width = (int)words[1],
            MaxPositions = (int)At($"{bert}.embeddings.position_embeddings.weight", 2)[0],
            TokenTypes = (int)At($"{bert}.embeddings.token_type_embeddings.weight", 2)[0],
            Layers = Layers($"{bert}.encoder.layer."),
            Heads = Divides("text_heads", heads.Text, words[1]),
            Hidden = (int)At($"{bert}.encoder.layer.0.intermediate.dense.weight", 2)[0],
            Projection = (int)At($"{WeightNames.Text}.mlp_embed.0.weight", 2)[0],
        };
    }

    private HeadKind Kind()
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

    private int Layers(string prefix)
    {
        int count = 0;
        while (shapes.Keys.Any(k => k.StartsWith($"{prefix}{count}.", StringComparison.Ordinal)))
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
