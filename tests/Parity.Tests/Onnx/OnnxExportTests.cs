using Dwarf.Model;
using Dwarf.Model.Onnx;
using Dwarf.Model.Weights;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace Parity.Tests.Onnx;

/// <summary>Exported files give in ONNX Runtime what the network gives in the engine.</summary>
public sealed class OnnxExportTests : IDisposable
{
    // Norms' epsilons are large, so that a wrong one shows.
    private static readonly ModelConfig s_small = new()
    {
        Image = new ImageEncoderConfig { Size = 24, SizeAcross = 32, Patch = 8, Width = 24, Layers = 2, Heads = 3, Hidden = 40, Epsilon = 0.01 },
        Text = null,
        Decoder = new DecoderConfig { Layers = 2, Heads = 4, Hidden = 36, Epsilon = 0.02 },
        Heads = new HeadConfig { Init = HeadInit.Random },
        InitStd = 0.2,
    };

    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(HeadKind.Linear, MapScale.Max, HeadSpace.Logit)]
    [InlineData(HeadKind.Conv1, MapScale.Minmax, HeadSpace.Logit)]
    [InlineData(HeadKind.Conv3, MapScale.Size, HeadSpace.Logit)]
    [InlineData(HeadKind.Conv3, MapScale.Minmax, HeadSpace.Linear)]
    [InlineData(HeadKind.Linear, MapScale.None, HeadSpace.Linear)]
    public void A_network_of_ours_gives_the_same_answers_and_refined_maps(HeadKind kind, MapScale scale, HeadSpace space)
    {
        var map = new MapConfig { Scale = scale, Space = space };
        var config = s_small with { Heads = s_small.Heads with { Kind = kind } };
        var info = new WeightsInfo { Model = config, Findings = ["A", "B", "C"], Prompts = ["a", "b", "c"], HasHeads = true, Map = map };
        using var network = new DwarfNetwork(config, info.Findings, DType.F32, 5);
        Shuffle(network);
        var features = OnnxCheck.Random([3, 24], 1);
        OnnxExport.Write(_path, StoredNetwork.Of(network, info, features), Prompts.Alone);
        using var session = new InferenceSession(_path);
        Assert.Equal(["image"], session.InputMetadata.Keys);
        foreach (int b in new[] { 1, 3 })
        {
            var image = OnnxCheck.Random([b, 3, 24, 32], 2);
            OnnxCheck.AssertSame(OnnxCheck.OfEngine(network, image, features, Prompts.Alone, map), OnnxCheck.Run(session, ("image", image)));
        }
    }

    [Fact]
    public void A_flat_map_scales_to_zeros_as_in_the_engine()
    {
        var map = new MapConfig { Scale = MapScale.Minmax };
        var info = new WeightsInfo { Model = s_small, Findings = ["A", "B"], Prompts = ["a", "b"], HasHeads = true, Map = map };
        using var network = new DwarfNetwork(s_small, info.Findings, DType.F32, 5);
        Shuffle(network);
        foreach (var parameter in network.Parameters.Parameters.Where(p => p.Name.Contains("multihead_attn.in_proj", StringComparison.Ordinal)))
        {
            parameter.Value.Clear();
        }

        var (features, image) = (OnnxCheck.Random([2, 24], 1), OnnxCheck.Random([3, 3, 24, 32], 2));
        OnnxExport.Write(_path, StoredNetwork.Of(network, info, features), Prompts.Alone);
        using var session = new InferenceSession(_path);
        var found = OnnxCheck.Run(session, ("image", image));
        Assert.All(found["map"].ToArray<float>(), v => Assert.Equal(1f / 12, v, 1e-7f));
        OnnxCheck.AssertSame(OnnxCheck.OfEngine(network, image, features, Prompts.Alone, map), found);
    }

    [Theory]
    [InlineData(Prompts.Alone)]
    [InlineData(Prompts.Together)]
    public void A_network_without_text_features_asks_for_them_however_many_there_are(Prompts prompts)
    {
        using var network = new DwarfNetwork(s_small, [], DType.F32, 5);
        Shuffle(network);
        OnnxExport.Write(_path, StoredNetwork.Of(network, null, null), prompts);
        using var session = new InferenceSession(_path);
        foreach (var (b, q) in new[] { (1, 1), (3, 4), (2, 1) })
        {
            var (image, features) = (OnnxCheck.Random([b, 3, 24, 32], 2), OnnxCheck.Random([q, 24], 3));
            var expected = OnnxCheck.OfEngine(network, image, features, prompts, null);
            OnnxCheck.AssertSame(expected, OnnxCheck.Run(session, ("image", image), ("text_features", features)));
        }
    }

    [Fact]
    public void A_full_size_network_gives_the_same_answers()
    {
        using var network = new DwarfNetwork(new ModelConfig { Text = null }, [], DType.F32, 5);
        Shuffle(network);
        OnnxExport.Write(_path, StoredNetwork.Of(network, null, null), Prompts.Together);
        using var session = new InferenceSession(_path);
        foreach (int b in new[] { 1, 3 })
        {
            var (pixels, features) = (OnnxCheck.Random([b, 3, 224, 224], 2), OnnxCheck.Random([13, 768], 3));
            var expected = OnnxCheck.OfEngine(network, pixels, features, Prompts.Together, null);
            OnnxCheck.AssertSame(expected, OnnxCheck.Run(session, ("image", pixels), ("text_features", features)));
        }
    }

    /// <summary>lukemelas' ViT without a final norm, MedKLIP's decoder with texts of another width, and each beside the other's usual partner.</summary>
    [Theory]
    [InlineData(ImageEncoderKind.LukemelasVit, DecoderKind.Kad)]
    [InlineData(ImageEncoderKind.LukemelasVit, DecoderKind.Medklip)]
    [InlineData(ImageEncoderKind.Vit, DecoderKind.Medklip)]
    public void Networks_of_other_layouts_give_the_same_answers(ImageEncoderKind image, DecoderKind decoder)
    {
        int texts = decoder == DecoderKind.Medklip ? 20 : 24;
        var config = s_small with
        {
            Image = s_small.Image with { Kind = image },
            Decoder = s_small.Decoder with { Kind = decoder, TextWidth = decoder == DecoderKind.Medklip ? texts : 0, Layers = 3 },
        };
        using var network = new DwarfNetwork(config, [], DType.F32, 5);
        Shuffle(network);
        OnnxExport.Write(_path, StoredNetwork.Of(network, null, null), Prompts.Together);
        using var session = new InferenceSession(_path);
        foreach (int b in new[] { 1, 3 })
        {
            var (pixels, features) = (OnnxCheck.Random([b, 3, 24, 32], 2), OnnxCheck.Random([5, texts], 3));
            var expected = OnnxCheck.OfEngine(network, pixels, features, Prompts.Together, null);
            OnnxCheck.AssertSame(expected, OnnxCheck.Run(session, ("image", pixels), ("text_features", features)));
        }
    }

    [Theory]
    [InlineData(3, 40, 33)]
    [InlineData(4, 64, 70)]
    public void Resnets_give_the_same_answers(int stage, int height, int across)
    {
        var resnet = new ResnetConfig { Stage = stage, Stem = 8, Bottleneck = 4, Blocks = new ResnetBlocks(2, 1, 2, 2) };
        var config = s_small with
        {
            Image = s_small.Image with { Kind = ImageEncoderKind.Resnet50, Resnet = resnet, Size = height, SizeAcross = across },
        };
        using var network = new DwarfNetwork(config, [], DType.F32, 5);
        Shuffle(network);
        OnnxExport.Write(_path, StoredNetwork.Of(network, null, null), Prompts.Together);
        using var session = new InferenceSession(_path);
        foreach (int b in new[] { 1, 3 })
        {
            var (pixels, features) = (OnnxCheck.Random([b, 3, height, across], 2), OnnxCheck.Random([5, 24], 3));
            var expected = OnnxCheck.OfEngine(network, pixels, features, Prompts.Together, null);
            OnnxCheck.AssertSame(expected, OnnxCheck.Run(session, ("image", pixels), ("text_features", features)));
        }
    }

    /// <summary>Norms and biases that a new network has at 1 and 0 get values that show.</summary>
    private static void Shuffle(DwarfNetwork network)
    {
        int seed = 100;
        foreach (var parameter in network.Parameters.Parameters.Where(p => p.Value.Shape.Rank == 1))
        {
            var noise = OnnxCheck.Random(parameter.Value.Shape, seed++).ToArray<float>();
            var values = parameter.Value.Span<float>();
            for (int i = 0; i < values.Length; i++)
            {
                values[i] += 0.2f * noise[i];
            }
        }
    }
}
