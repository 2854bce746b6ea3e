using System.Text.Json;
using System.Text.Json.Serialization;
using Engine.Tensors;
using Engine.Tensors.Safetensors;

namespace Dwarf.Model.Weights;

/// <summary>What is done to an image before the network sees it.</summary>
public sealed record Preprocessing
{
    /// <summary>Height and width of the network's images in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Whether mean and standard deviation are each image's own instead.</summary>
    public bool PerImage { get; init; }

    /// <summary>Subtracted from pixels of 0 to 1.</summary>
    public ChannelValues Mean { get; init; } = 0.5;

    /// <summary>Divides pixels.</summary>
    public ChannelValues Std { get; init; } = 0.25;

    /// <summary>How images of another size are resized.</summary>
    public string Resize { get; init; } = "bilinear";
}

/// <summary>What a weights file says about itself, so that predict needs nothing else.</summary>
public sealed record WeightsInfo
{
    /// <summary>Version of this record.</summary>
    public int Version { get; init; } = 1;

    /// <summary>All sizes of the network.</summary>
    public ModelConfig Model { get; init; } = new();

    /// <summary>The findings, in the order of the text features' rows.</summary>
    public IReadOnlyList<string> Findings { get; init; } = [];

    /// <summary>The prompt of each finding.</summary>
    public IReadOnlyList<string> Prompts { get; init; } = [];

    /// <summary>Whether the findings have refinement heads.</summary>
    public bool HasHeads { get; init; }

    /// <summary>How a raw map becomes the one that people see.</summary>
    public MapConfig Map { get; init; } = new();

    /// <summary>What is done to an image first.</summary>
    public Preprocessing Preprocessing { get; init; } = new();

    /// <summary>Whatever else the writer wants to be found again, such as thresholds or the method.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; init; } = new Dictionary<string, string>();
}

/// <summary>A network as a file: safetensors with the published names, and a <see cref="WeightsInfo"/> in its metadata.</summary>
public static class WeightsFile
{
    private const string Key = "dwarf";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
    };

    /// <summary>Writes a network, atomically; the same network gives the same bytes.</summary>
    /// <param name="path">the file; an existing one is replaced</param>
    /// <param name="network">the weights</param>
    /// <param name="info">its model and findings are the network's</param>
    /// <param name="textFeatures">[findings,d], or null</param>
    public static void Save(string path, DwarfNetwork network, WeightsInfo info, Tensor? textFeatures)
    {
        info = info with { Model = network.Config, HasHeads = network.Findings.Count > 0 };
        var tensors = network.Layout.Export(p => p.Master);
        if (textFeatures is not null)
        {
            tensors = tensors.Append(new(WeightNames.TextFeatures, textFeatures));
        }

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { [Key] = JsonSerializer.Serialize(info, Json) });
    }

    /// <summary>Reads a network that <see cref="Save"/> wrote.</summary>
    /// <param name="path">the file</param>
    /// <param name="dtype">of the network's parameters: f32 or f64</param>
    /// <param name="space">where the network's parameters lie; null: in host memory</param>
    /// <returns>the network, what the file says about itself, and the prompts' text features where it holds them</returns>
    /// <exception cref="DwarfException">not there (missing input), damaged or not of this kind (content)</exception>
    public static (DwarfNetwork Network, WeightsInfo Info, Tensor? TextFeatures) Load(
        string path, DType dtype, MemorySpace? space = null)
    {
        using var file = WeightArchive.Open(path);
        var info = ReadInfo(file, path);
        DwarfNetwork network;
        try
        {
            network = new DwarfNetwork(info.Model, info.HasHeads ? info.Findings : [], dtype, seed: null, space);
        }
        catch (DwarfException error) when (error.Kind == ErrorKind.Configuration)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: metadata '{Key}': {error.Message}", error);
        }

        try
        {
            WeightLoader.Load(file, path, network.Layout);
            return (network, info, ReadTextFeatures(file, path, info, dtype));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Reads weights into a network that exists; all of it but the refinement heads must be there.</summary>
    /// <param name="path">the file, of any published layout; its metadata is not needed</param>
    /// <param name="network">of the file's sizes; refinement heads that the file lacks keep their values</param>
    /// <returns>what was loaded, repeated and ignored</returns>
    public static LoadReport LoadInto(string path, DwarfNetwork network)
    {
        using var file = WeightArchive.Open(path);
        return WeightLoader.Load(file, path, network.Layout, HeadOf);
    }

    /// <summary>Whether this program wrote a file.</summary>
    internal static bool IsOurs(WeightArchive file) => file.Metadata.ContainsKey(Key);

    /// <summary>The text features of a file that has no text encoder.</summary>
    /// <param name="path">the file</param>
    /// <param name="dtype">of the features: f32 or f64</param>
    /// <returns>what the file says about itself, and one row of features a prompt; null where it has a text encoder, or neither</returns>
    public static (WeightsInfo Info, Tensor Features)? ReadFeatures(string path, DType dtype)
    {
        using var file = WeightArchive.Open(path);
        if (!file.Contains(WeightNames.TextFeatures) || file.Entries.Any(e => e.Name.StartsWith($"{WeightNames.Text}.", StringComparison.Ordinal)))
        {
            return null;
        }

        var info = ReadInfo(file, path);
        return (info, ReadTextFeatures(file, path, info, dtype)!);
    }

    /// <summary>Reads the parts that a file holds into a network that exists, such as published weights at the start of a fine-tuning.</summary>
    /// <param name="path">the file, of any published layout</param>
    /// <param name="network">of the file's sizes; a part that the file lacks altogether keeps its values</param>
    /// <param name="only">the one part that is wanted, such as image_encoder; empty: all that the file holds</param>
    /// <returns>what was loaded, repeated, ignored and kept</returns>
    public static LoadReport LoadParts(string path, DwarfNetwork network, string only = "")
    {
        using var file = WeightArchive.Open(path);
        return WeightLoader.Load(file, path, network.Layout, PartOf, only);
    }

    private static string? HeadOf(string name)
        => name.StartsWith(WeightNames.Heads, StringComparison.Ordinal) ? name[..name.LastIndexOf('.')] : null;

    /// <summary>What files hold whole or not at all: a hub's BERT comes without KAD's projection, torchvision's ResNet without KAD's.</summary>
    private static string PartOf(string name) => HeadOf(name)
        ?? (name.StartsWith($"{WeightNames.Text}.mlp_embed.", StringComparison.Ordinal) ? $"{WeightNames.Text}.mlp_embed"
        : name.StartsWith($"{WeightNames.Text}.", StringComparison.Ordinal) ? $"{WeightNames.Text}.bert_model"
        : name.StartsWith($"{WeightNames.Image}.res_l", StringComparison.Ordinal) ? $"{WeightNames.Image}.res_l1, res_l2"
        : name.Split('.')[0]);

    private static WeightsInfo ReadInfo(WeightArchive file, string path)
    {
        if (!file.Metadata.TryGetValue(Key, out string? text))
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: no metadata '{Key}'; expected weights that this program wrote");
        }

        try
        {
            var info = JsonSerializer.Deserialize<WeightsInfo>(text, Json)!;
            return info.Version == 1 && info.Prompts.Count == info.Findings.Count && info.Findings.Distinct().Count() == info.Findings.Count
                ? info
                : throw new DwarfException(ErrorKind.Content,
                    $"{path}: metadata '{Key}': expected version 1 and one prompt for each of distinct findings, "
                    + $"found version {info.Version}, {info.Findings.Count} findings, {info.Prompts.Count} prompts");
        }
        catch (JsonException error)
        {
            throw new DwarfException(ErrorKind.Content, $"{path}: metadata '{Key}': {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    private static Tensor? ReadTextFeatures(WeightArchive file, string path, WeightsInfo info, DType dtype)
    {
        if (!file.Contains(WeightNames.TextFeatures))
        {
            return null;
        }

        var features = file.Read(WeightNames.TextFeatures);
        Shape expected = [info.Findings.Count, info.Model.TextFeatures];
        return features.Shape == expected && features.DType.IsFloating()
            ? features.To(dtype)
            : throw new DwarfException(ErrorKind.Content,
                $"{path}: '{WeightNames.TextFeatures}' must be floating {expected}, found {features.DType.Label()} {features.Shape}");
    }
}
