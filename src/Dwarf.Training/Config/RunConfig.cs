using Engine.Tensors;

namespace Dwarf.Training.Config;

/// <summary>What a run does, from data to report. Every property with a <see cref="KeyAttribute"/> is a key of the YAML.</summary>
public sealed record RunConfig : ConfigSection
{
    /// <summary>Random numbers.</summary>
    [Key("all random numbers of the run follow from it", Min = 0)]
    public long Seed { get; init; }

    /// <summary>Worker threads.</summary>
    [Key("threads of the cpu device, 0 for all cores; results do not depend on it", Min = 0, Max = 1024)]
    public int Threads { get; init; }

    /// <summary>Back end.</summary>
    [Key("where tensors live: cpu, cuda, cuda:1, emulated")]
    public string Device { get; init; } = "cpu";

    /// <summary>Floating type.</summary>
    [Key("floating type of weights and activations; bf16, on cuda and emulated, trains weights kept in f32")]
    public DType Dtype { get; init; } = DType.F32;

    /// <summary>What the training stage does.</summary>
    [Key("what is trained after the pre-training stage")]
    public Method Method { get; init; } = Method.Dwarf;

    /// <summary>The findings with outlines.</summary>
    [Key("the findings to ground, by the names of the annotations", Required = true)]
    public IReadOnlyList<string> Findings { get; init; } = [];

    /// <summary>What the text encoder reads.</summary>
    [Key("text shown to the text encoder for a finding; its name where none is given")]
    public IReadOnlyDictionary<string, string> Prompts { get; init; } = new Dictionary<string, string>();

    /// <summary>Order of the findings.</summary>
    [Key("whether an epoch trains one finding or all of them in turn")]
    public Cycle Cycle { get; init; } = Cycle.FindingPerEpoch;

    /// <summary>Starting weights.</summary>
    [Key("weights to start from instead of random ones", IsPath = true)]
    public string? Weights { get; init; }

    /// <summary>Images and truth.</summary>
    [Key("images, labels and outlines")]
    public DataSection Data { get; init; } = new();

    /// <summary>Random changes to training images.</summary>
    [Key("random changes to training images, masks included")]
    public AugmentSection Augment { get; init; } = new();

    /// <summary>Sizes of the network.</summary>
    [Key("sizes of the network")]
    public ModelSection Model { get; init; } = new();

    /// <summary>From attention to a map.</summary>
    [Key("how attention becomes a map")]
    public MapSection Map { get; init; } = new();

    /// <summary>Expert heads.</summary>
    [Key("the head of each finding that refines its map")]
    public HeadSection Head { get; init; } = new();

    /// <summary>The loss of the training stage.</summary>
    [Key("the loss of the training stage")]
    public LossSection Loss { get; init; } = new();

    /// <summary>The first stage.</summary>
    [Key("the stage before: labels and image-text contrast")]
    public PretrainSection Pretrain { get; init; } = new();

    /// <summary>The stage that `method` names.</summary>
    [Key("the training stage")]
    public TrainSection Train { get; init; } = new();

    /// <summary>Figures and their doubt.</summary>
    [Key("how the figures are made")]
    public EvalSection Eval { get; init; } = new();

    /// <summary>Where each key stands that somebody wrote; the others have their defaults.</summary>
    public IReadOnlyDictionary<string, Origin> Origins { get; init; } = new Dictionary<string, Origin>();

    /// <summary>The file, as the user named it.</summary>
    public string Source { get; init; } = "";

    /// <summary>Where a key's value comes from.</summary>
    public Origin OriginOf(string key) => Origins.TryGetValue(key, out Origin origin) ? origin : Origin.Default;

    /// <summary>An error about one key, with its place, for what only shows while the run is set up.</summary>
    public ConfigException Wrong(string key, string message) =>
        new([new Fault(Origins.TryGetValue(key, out Origin origin) ? origin : Origin.StartOf(Source), key, message)]);
}

/// <summary>What is trained after the pre-training stage.</summary>
public enum Method
{
    /// <summary>Nothing: the pre-trained model is evaluated as it is.</summary>
    Pretrained,

    /// <summary>Multi-label cross-entropy only.</summary>
    Classification,

    /// <summary>Findings in cycles, each with its own head on the attention map.</summary>
    Dwarf,
}

/// <summary>The order of the findings.</summary>
public enum Cycle
{
    /// <summary>Algorithm 1 of the paper: one finding an epoch.</summary>
    FindingPerEpoch,

    /// <summary>Every finding in every epoch, one after the other.</summary>
    AllPerEpoch,
}
