using Engine.Tensors;

namespace Dwarf.Model.Weights;

/// <summary>A network, or parts of one, with what its file says about itself, whoever wrote the file: what an export starts from.</summary>
public sealed class StoredNetwork : IDisposable
{
    private readonly IDisposable? _owned;

    private StoredNetwork(IDisposable? owned, WeightLayout layout) => (_owned, Layout) = (owned, layout);

    /// <summary>The weights; f64 where the file stores any so, else f32.</summary>
    public WeightLayout Layout { get; }

    /// <summary>Sizes of the image encoder; null where there is none.</summary>
    public ImageEncoderConfig? Image { get; private init; }

    /// <summary>Sizes of the decoder; null where there is none.</summary>
    public DecoderConfig? Decoder { get; private init; }

    /// <summary>Whether there is a text encoder.</summary>
    public bool HasText { get; private init; }

    /// <summary>Features of a text as the decoder takes it.</summary>
    public int TextWidth { get; private init; }

    /// <summary>What the refinement heads compute.</summary>
    public HeadConfig Heads { get; private init; } = new();

    /// <summary>What the file says about itself; null where another program wrote it.</summary>
    public WeightsInfo? Info { get; private init; }

    /// <summary>The text features [findings,d] of the file's prompts; null where it holds none.</summary>
    public Tensor? TextFeatures { get; private init; }

    /// <summary>A network in memory.</summary>
    /// <param name="network">stays the caller's</param>
    /// <param name="info">what its file would say; null: nothing</param>
    /// <param name="textFeatures">[findings,d]; null: none</param>
    /// <returns>a view of it</returns>
    public static StoredNetwork Of(DwarfNetwork network, WeightsInfo? info, Tensor? textFeatures) => Of(network, null, info, textFeatures);

    /// <summary>Reads a file, strictly: whatever does not fit is an error.</summary>
    /// <param name="path">the file, of any published layout or our own</param>
    /// <param name="heads">numbers of attention heads, for files that do not say; null: the published models'</param>
    /// <param name="size">height and width of the images in pixels, for files that leave them open; null: the layout's usual</param>
    /// <returns>the network</returns>
    /// <exception cref="DwarfException">not there (missing input), damaged or not a network's (content), sizes that do not fit (usage)</exception>
    public static StoredNetwork Open(string path, HeadCounts? heads, (int Height, int Width)? size = null)
    {
        using var file = WeightArchive.Open(path);
        var dtype = file.Entries.Any(e => e.DType == DType.F64) ? DType.F64 : DType.F32;
        if (!WeightsFile.IsOurs(file))
        {
            return Of(NetworkParts.Open(file, heads ?? new HeadCounts(), dtype, size ?? default), path, size);
        }

        if (heads is not null || size is not null)
        {
            throw new DwarfException(ErrorKind.Usage, $"{path}: says itself how many attention heads and pixels it has; leave them out");
        }

        var (network, info, features) = WeightsFile.Load(path, dtype);
        return Of(network, network, info, features);
    }

    /// <inheritdoc/>
    public void Dispose() => _owned?.Dispose();

    private static StoredNetwork Of(DwarfNetwork network, IDisposable? owned, WeightsInfo? info, Tensor? textFeatures) => new(owned, network.Layout)
    {
        Image = network.Config.Image,
        Decoder = network.Config.Decoder,
        HasText = network.Text is not null,
        TextWidth = network.Config.TextFeatures,
        Heads = network.Config.Heads,
        Info = info,
        TextFeatures = textFeatures,
    };

    private static StoredNetwork Of(NetworkParts parts, string path, (int Height, int Width)? size)
    {
        if (size is not null && parts.ImageConfig is not { Kind: ImageEncoderKind.Resnet50 })
        {
            parts.Dispose();
            throw new DwarfException(ErrorKind.Usage, $"{path}: only a ResNet leaves the images' size open; leave it out");
        }

        return new StoredNetwork(parts, parts.Layout)
        {
            Image = parts.ImageConfig,
            Decoder = parts.DecoderConfig,
            HasText = parts.Text is not null,
            TextWidth = parts.DecoderConfig is { Kind: DecoderKind.Medklip } medklip ? medklip.TextWidth : parts.ImageConfig?.Width ?? 0,
        };
    }
}
