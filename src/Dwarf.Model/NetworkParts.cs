using Dwarf.Model.Layers;
using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>What a weight file of any published layout holds: a whole network or only some parts of one.</summary>
public sealed class NetworkParts : IDisposable
{
    private readonly ParameterStore _store;
    private readonly KeyMap _map;

    private NetworkParts(WeightArchive file, ShapeReader reader, KeyMap map, HeadCounts heads, (int Height, int Width) size, ParameterStore store)
    {
        (_store, _map) = (store, map);
        var plan = new Plan(store, Layout, seed: null, std: 0);
        ImageConfig = reader.Image(heads, size.Height, size.Width);
        DecoderConfig = reader.Decoder(heads);
        TextConfig = reader.Text(heads);
        CheckFit(file.Path, reader, size);
        Image = ImageConfig is null ? null : ImageEncoder.Create(plan, ImageConfig);
        if (TextConfig is { Output: TextOutput.Pooled } && DecoderConfig is { Kind: DecoderKind.Medklip })
        {
            TextConfig = TextConfig with { Output = TextOutput.Cls };
        }

        Text = TextConfig is null ? null : new BertEncoder(plan, WeightNames.Text, TextConfig, reader.TextFeatures());
        Decoder = DecoderConfig is null ? null : new CrossAttentionDecoder(plan, WeightNames.Decoder, reader.DecoderWidth(), DecoderConfig);
        var kind = new HeadConfig { Kind = reader.Kind() };
        foreach (string finding in reader.Findings())
        {
            _ = new RefinementHead(plan, finding, kind, ImageConfig?.GridRows ?? 1, ImageConfig?.GridColumns ?? 1);
        }

        store.Build();
        Report = WeightLoader.Load(file, file.Path, Layout);
    }

    /// <summary>Sizes of the image encoder; null where the file holds none.</summary>
    public ImageEncoderConfig? ImageConfig { get; }

    /// <summary>Sizes of the text encoder; null where the file holds none.</summary>
    public TextEncoderConfig? TextConfig { get; }

    /// <summary>Sizes of the decoder; null where the file holds none.</summary>
    public DecoderConfig? DecoderConfig { get; }

    /// <summary>The image encoder; null where the file holds none.</summary>
    public ImageEncoder? Image { get; }

    /// <summary>The text encoder; null where the file holds none.</summary>
    public BertEncoder? Text { get; }

    /// <summary>The decoder; null where the file holds none.</summary>
    public CrossAttentionDecoder? Decoder { get; }

    /// <summary>How the parameters stand in weight files.</summary>
    public WeightLayout Layout { get; } = new();

    /// <summary>What became of the file's tensors.</summary>
    public LoadReport Report { get; }

    /// <summary>Reads all that a file holds; sizes come from its shapes.</summary>
    /// <param name="file">any published layout, or our own</param>
    /// <param name="heads">numbers of attention heads</param>
    /// <param name="dtype">f32 or f64, of the parameters</param>
    /// <param name="size">height and width of the images in pixels; zeros: square, as the file's positions say, or 224</param>
    /// <param name="space">where the parameters lie; null: in host memory</param>
    /// <returns>the parts</returns>
    /// <exception cref="DwarfException">no part, or tensors that do not fit (content), heads that do not divide a width (usage)</exception>
    public static NetworkParts Open(
        WeightArchive file, HeadCounts heads, DType dtype, (int Height, int Width) size = default, MemorySpace? space = null)
    {
        var map = KeyMap.Of(file.Entries.Select(e => e.Name));
        var store = new ParameterStore(dtype, space);
        try
        {
            return new NetworkParts(file, new ShapeReader(file.Path, ShapeReader.Shapes(file, map)), map, heads, size, store);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>The network's weight of a name in the file.</summary>
    /// <param name="name">in the file</param>
    /// <returns>null where the name is deliberately ignored</returns>
    public WeightEntry? Find(string name) => KeyMap.Find(Layout, _map.Rooted(name));

    /// <summary>Whether a name belongs to the optimiser, schedule or counters of whoever trained the weights.</summary>
    /// <param name="name">in the file</param>
    /// <returns>true for what is no weight at all</returns>
    public bool IsTrainingState(string name) => _map.Rooted(name) == KeyMap.TrainingState;

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    private void CheckFit(string path, ShapeReader reader, (int Height, int Width) size)
    {
        if (ImageConfig is null && TextConfig is null && DecoderConfig is null)
        {
            throw new DwarfException(
                ErrorKind.Content, $"{path}: holds no image encoder, text encoder or decoder of a layout that is known");
        }

        if (ImageConfig is { Kind: not ImageEncoderKind.Resnet50, Patch: var patch } && (size.Height % patch != 0 || size.Width % patch != 0))
        {
            throw new ShapeException($"image height and width must be multiples of the patch {patch}, found {size.Height} and {size.Width}");
        }

        if (DecoderConfig is null)
        {
            return;
        }

        int width = reader.DecoderWidth();
        if (ImageConfig is not null && ImageConfig.Width != width)
        {
            throw new DwarfException(
                ErrorKind.Content, $"{path}: the decoder is {width} wide, the image encoder's patch tokens {ImageConfig.Width}");
        }

        int asked = DecoderConfig.Kind == DecoderKind.Medklip ? DecoderConfig.TextWidth : width;
        if (TextConfig is not null && reader.TextFeatures() != asked)
        {
            throw new DwarfException(
                ErrorKind.Content, $"{path}: the decoder takes texts of {asked} features, the text encoder gives {reader.TextFeatures()}");
        }
    }
}
