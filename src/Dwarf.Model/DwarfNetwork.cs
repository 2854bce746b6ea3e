using Dwarf.Model.Layers;
using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Tensors;

namespace Dwarf.Model;

/// <summary>The whole network: image encoder, text encoder, cross-attention decoder, and one refinement head a finding.</summary>
public sealed class DwarfNetwork : IDisposable
{
    private readonly Dictionary<string, RefinementHead> _heads = [];

    /// <summary>Creates a network.</summary>
    /// <param name="config">all sizes</param>
    /// <param name="findings">findings that get a refinement head; may be empty</param>
    /// <param name="dtype">f32 or f64, of every parameter; bf16: parameters are f32, all but the heads computes on bf16 copies of them</param>
    /// <param name="seed">of the first values; null leaves zeros, for weights that are loaded right after</param>
    /// <param name="space">where parameters lie: the memory of the device that runs the network; null: in host memory</param>
    public DwarfNetwork(ModelConfig config, IReadOnlyList<string> findings, DType dtype, long? seed, MemorySpace? space = null)
    {
        config.Validate();
        Config = config;
        Findings = [.. findings];
        Parameters = new ParameterStore(dtype == DType.BF16 ? DType.F32 : dtype, space);
        var plan = new Plan(Parameters, Layout, seed, config.InitStd);
        Image = ImageEncoder.Create(plan, config.Image);
        Text = config.Text is null ? null : new BertEncoder(plan, WeightNames.Text, config.Text, config.TextFeatures);
        Decoder = new CrossAttentionDecoder(plan, WeightNames.Decoder, config.Image.Width, config.Decoder);
        foreach (string finding in Findings)
        {
            _heads.Add(finding, new RefinementHead(plan, finding, config.Heads, config.Image.GridRows, config.Image.GridColumns));
        }

        Parameters.Build();
        if (dtype == DType.BF16)
        {
            Parameters.UseHalf(static p => !p.IsBuffer && !p.Name.StartsWith(WeightNames.Heads, StringComparison.Ordinal));
        }
    }

    /// <summary>All sizes.</summary>
    public ModelConfig Config { get; }

    /// <summary>The findings that have a refinement head.</summary>
    public IReadOnlyList<string> Findings { get; }

    /// <summary>Values and gradients of all parameters.</summary>
    public ParameterStore Parameters { get; }

    /// <summary>How the parameters stand in weight files.</summary>
    public WeightLayout Layout { get; } = new();

    /// <summary>The image encoder: run it once a batch, whatever the number of prompts.</summary>
    public ImageEncoder Image { get; }

    /// <summary>The text encoder; null where the network lives on stored text features.</summary>
    public BertEncoder? Text { get; }

    /// <summary>The decoder.</summary>
    public CrossAttentionDecoder Decoder { get; }

    /// <summary>The refinement head of a finding.</summary>
    /// <param name="finding">as given at construction</param>
    /// <returns>the head</returns>
    /// <exception cref="DwarfException">no such head (content)</exception>
    public RefinementHead Head(string finding) => _heads.TryGetValue(finding, out var head)
        ? head
        : throw new DwarfException(ErrorKind.Content, $"the network has no head for '{finding}'{Nearest.Hint(finding, _heads.Keys)}");

    /// <summary>Images to answers: logits and maps of every image and prompt.</summary>
    /// <param name="tape">records it</param>
    /// <param name="image">[b,c,h,w], normalised</param>
    /// <param name="features">text features [q,d]</param>
    /// <param name="prompts">whether the prompts see each other</param>
    /// <param name="dropout">null outside training; batch norms then use their running statistics</param>
    /// <returns>logits [b,q,2] (no, yes) and raw maps [b,q,hw]</returns>
    public (Variable Logits, Variable Map) Forward(
        Tape tape, Variable image, Variable features, Prompts prompts = Prompts.Alone, DropoutSites? dropout = null)
    {
        var (patches, _) = Image.Forward(tape, image, training: dropout is not null);
        var (logits, map) = Decoder.Forward(tape, patches, features, prompts, dropout);
        return (tape.Widen(logits), tape.Widen(map));
    }

    /// <summary>Freezes the parts whose names fit, and thaws all others.</summary>
    /// <param name="names">beginnings of names in weight files, or patterns of them: see <see cref="NamePattern"/></param>
    /// <exception cref="DwarfException">a pattern that makes no sense or fits no parameter (configuration)</exception>
    public void Freeze(IReadOnlyCollection<string> names)
    {
        NamePattern[] patterns = [.. names.Select(NamePattern.Of)];
        if (Array.Find(patterns, p => !Layout.Entries.Any(e => p.Fits(e.Name))) is { } lost)
        {
            throw new DwarfException(ErrorKind.Configuration, lost.FitsNothing(Layout.Entries.Select(e => e.Name)));
        }

        // Query, key and value are one parameter: naming one of them freezes all three.
        var frozen = Layout.Entries
            .Where(e => Array.Exists(patterns, p => p.Fits(e.Name)))
            .SelectMany(e => e.Pieces).Select(p => p.Parameter).ToHashSet();
        foreach (var parameter in Parameters.Parameters)
        {
            parameter.SetTrained(!frozen.Contains(parameter));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();
}
