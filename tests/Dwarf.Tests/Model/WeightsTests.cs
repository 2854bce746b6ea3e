using Dwarf.Model;
using Dwarf.Model.Weights;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class WeightsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-weights-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F64)]
    public void A_saved_network_comes_back_whole_and_gives_the_same_bytes(DType dtype)
    {
        var config = TinyModel.Config with { Heads = new HeadConfig { Kind = HeadKind.Conv3, Init = HeadInit.Random } };
        var info = new WeightsInfo
        {
            Findings = ["A", "B"],
            Prompts = ["a", "b\"ü"],
            Map = new MapConfig { Scale = MapScale.Minmax, Space = HeadSpace.Linear },
            Preprocessing = new Preprocessing { ImageSize = 12, Mean = 0.4 },
            Notes = new Dictionary<string, string> { ["threshold.A"] = "0.25" },
        };
        string first = Path.Combine(_folder, "1.safetensors"), second = Path.Combine(_folder, "2.safetensors");
        using var network = TinyModel.Network(config, dtype);
        var features = TinyModel.Random([2, 8], "features", dtype);
        WeightsFile.Save(first, network, info, features);
        var (loaded, found, foundFeatures) = WeightsFile.Load(first, dtype);
        using (loaded)
        {
            Assert.Equal(config, loaded.Config);
            Assert.Equal(["a", "b\"ü"], found.Prompts);
            Assert.Equal((info.Map, info.Preprocessing, "0.25"), (found.Map, found.Preprocessing, found.Notes["threshold.A"]));
            Assert.Equal(TinyModel.Doubles(features), TinyModel.Doubles(foundFeatures!));
            Assert.All(network.Parameters.Parameters.Zip(loaded.Parameters.Parameters), pair =>
                Assert.Equal(TinyModel.Doubles(pair.First.Value), TinyModel.Doubles(pair.Second.Value)));
            WeightsFile.Save(second, loaded, found, foundFeatures);
        }

        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    [Fact]
    public void Files_hold_query_key_and_value_apart_as_hugging_face_does()
    {
        using var network = TinyModel.Network();
        var tensors = network.Layout.Export(p => p.Value).ToDictionary(p => p.Key, p => p.Value);
        const string Attention = "image_encoder.vit.encoder.layer.1.attention.attention";
        double[] packed = TinyModel.Doubles(network.Parameters.Find($"{Attention}.qkv.weight")!.Value);
        double[] key = TinyModel.Doubles(tensors[$"{Attention}.key.weight"]);
        Assert.Equal(packed[64..128], key);
        var cross = tensors["model.decoder.layers.0.multihead_attn.in_proj_weight"];
        Assert.Equal(new Shape([24, 8]), cross.Shape);
        Assert.DoesNotContain(tensors.Keys, name => name.Contains("qkv", StringComparison.Ordinal));
    }

    [Fact]
    public void First_values_depend_on_seed_and_name_alone()
    {
        using var first = TinyModel.Network();
        using var deeper = TinyModel.Network(TinyModel.Config with { Image = TinyModel.Config.Image with { Layers = 3 } });
        using var other = TinyModel.Network(seed: 4);
        string[] names = ["model.decoder.layers.1.linear1.weight", "text_encoder.bert_model.embeddings.word_embeddings.weight"];
        foreach (string name in names)
        {
            double[] expected = TinyModel.Doubles(first.Parameters.Find(name)!.Value);
            Assert.Equal(expected, TinyModel.Doubles(deeper.Parameters.Find(name)!.Value));
            Assert.NotEqual(expected, TinyModel.Doubles(other.Parameters.Find(name)!.Value));
            Assert.Equal(0.3, Math.Sqrt(expected.Average(v => v * v)), 0.05);
            Assert.Equal(0, expected.Average(), 0.1);
        }
    }

    [Fact]
    public void A_file_that_does_not_fit_is_refused_in_one_line_with_the_nearest_names()
    {
        var tensors = SafetensorsFile.ReadAll(GoldenTests.Golden("weights"));
        tensors["model.mlp_hed.0.bias"] = tensors["model.mlp_head.0.bias"];
        tensors.Remove("model.mlp_head.0.bias");
        tensors["model.decoder.layers.0.norm1.bias"] = new Tensor([5], DType.F64);
        tensors["model.decoder.layers.1.linear1.bias"] = new Tensor([12], DType.I64);
        string path = Path.Combine(_folder, "bad.safetensors");
        SafetensorsWriter.Write(path, tensors);
        using var network = new DwarfNetwork(GoldenConfig(), [], DType.F64, null);
        var error = Assert.Throws<DwarfException>(() => WeightsFile.LoadInto(path, network));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.Equal(
            $"{path}: 'model.decoder.layers.0.norm1.bias' must be [8], found [5]; "
            + "'model.decoder.layers.1.linear1.bias' must be floating, found i64; "
            + "'model.mlp_head.0.bias' [2] is missing (the file has 'model.mlp_hed.0.bias'); "
            + "'model.mlp_hed.0.bias' is not in the model (near: 'model.mlp_head.0.bias')",
            error.Message);
    }

    [Fact]
    public void Two_names_of_one_weight_must_agree_and_one_of_them_is_enough()
    {
        var tensors = SafetensorsFile.ReadAll(GoldenTests.Golden("weights"));
        string path = Path.Combine(_folder, "alias.safetensors");
        using var network = new DwarfNetwork(GoldenConfig(), [], DType.F64, null);
        double[] norm = TinyModel.Doubles(tensors["model.decoder_norm.weight"]);
        tensors.Remove("model.decoder_norm.weight");
        SafetensorsWriter.Write(path, tensors);
        WeightsFile.LoadInto(path, network);
        Assert.Equal(norm, TinyModel.Doubles(network.Parameters.Find("model.decoder_norm.weight")!.Value));

        tensors["model.decoder_norm.weight"] = new Tensor([8], DType.F64);
        SafetensorsWriter.Write(path, tensors);
        var error = Assert.Throws<DwarfException>(() => WeightsFile.LoadInto(path, network));
        Assert.EndsWith("name the same weight but differ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DType.F64)]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void Not_a_number_and_infinity_are_loaded_with_a_warning(DType stored)
    {
        var tensors = SafetensorsFile.ReadAll(GoldenTests.Golden("weights"));
        string path = Path.Combine(_folder, "nan.safetensors");
        using var network = new DwarfNetwork(GoldenConfig(), [], DType.F64, null);
        foreach (string name in tensors.Keys.Where(n => tensors[n].DType.IsFloating()))
        {
            tensors[name] = tensors[name].To(stored);
        }

        SafetensorsWriter.Write(path, tensors);
        Assert.DoesNotContain("warning", WeightsFile.LoadInto(path, network).ToString(), StringComparison.Ordinal);

        tensors["model.mlp_head.0.bias"] = Tensor.From<double>([2], [0, double.NaN]).To(stored);
        tensors["model.decoder.layers.0.norm1.bias"] = Tensor.From<double>([8], [0, 1, 2, 3, 4, 5, 6, double.NegativeInfinity]).To(stored);
        SafetensorsWriter.Write(path, tensors);
        var report = WeightsFile.LoadInto(path, network);
        Assert.Equal(["model.decoder.layers.0.norm1.bias", "model.mlp_head.0.bias"], report.NotFinite);
        Assert.Contains("warning: NaN or infinity in model.decoder.layers.0.norm1.bias, model.mlp_head.0.bias", report.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_another_program_are_not_taken_for_ours()
    {
        var error = Assert.Throws<DwarfException>(() => WeightsFile.Load(GoldenTests.Golden("weights"), DType.F32));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.EndsWith("no metadata 'dwarf'; expected weights that this program wrote", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"version\":1,\"modle\":{}}")]
    [InlineData("{\"version\":2}")]
    [InlineData("{\"findings\":[\"A\"],\"prompts\":[]}")]
    [InlineData("{\"model\":{\"image\":{\"heads\":7}}}")]
    [InlineData("{\"model\":null}")]
    [InlineData("[")]
    public void Damaged_metadata_is_an_error_of_content(string json)
    {
        string path = Path.Combine(_folder, "meta.safetensors");
        SafetensorsWriter.Write(path, [], new Dictionary<string, string> { ["dwarf"] = json });
        var error = Assert.Throws<DwarfException>(() => WeightsFile.Load(path, DType.F32));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static ModelConfig GoldenConfig()
    {
        using var file = SafetensorsFile.Open(GoldenTests.Golden("weights"));
        return new ShapeReader("weights", file.Entries.ToDictionary(e => e.Name, e => e.Shape)).Read(new HeadCounts(2, 3, 4));
    }
}
