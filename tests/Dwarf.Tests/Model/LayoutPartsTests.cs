using Dwarf.Model;
using Dwarf.Model.Weights;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Model;

/// <summary>Files that hold only some parts, or the same under the names of other programs.</summary>
public sealed class LayoutPartsTests : IDisposable
{
    private static readonly HeadCounts Heads = new(Image: 2, Text: 3, Decoder: 4);
    private readonly CpuDevice _cpu = new(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-parts-").FullName;
    private readonly Dictionary<string, Tensor> _whole = SafetensorsFile.ReadAll(GoldenTests.Golden("weights"));
    private readonly Dictionary<string, Tensor> _inputs = SafetensorsFile.ReadAll(GoldenTests.Golden("input"));
    private readonly Dictionary<string, Tensor> _expected = SafetensorsFile.ReadAll(GoldenTests.Golden("output"));

    public void Dispose()
    {
        _cpu.Dispose();
        Directory.Delete(_folder, true);
    }

    [Theory]
    [InlineData("image_encoder.vit.", "")]
    [InlineData("image_encoder.", "")]
    [InlineData("image_encoder.", "module.")]
    [InlineData("image_encoder.vit.", "image_encoder.")]
    [InlineData("image_encoder.vit.", "module.vit.")]
    public void A_vision_transformer_alone_gives_its_tokens_under_the_hubs_names(string without, string with)
    {
        var tensors = Renamed("image_encoder.", without, with);
        tensors["classifier.weight"] = new Tensor([3, 8], DType.F64);
        var found = Run(tensors, "image");
        Assert.Equal(["patch_tokens", "pooled"], found.Keys.Order());
        Close(found, "patch_tokens", "pooled");
    }

    [Theory]
    [InlineData("text_encoder.bert_model.", "")]
    [InlineData("text_encoder.bert_model.", "bert.")]
    [InlineData("text_encoder.bert_model.", "text_encoder.bert.")]
    [InlineData("text_encoder.", "state_dict.module.")]
    public void A_text_encoder_alone_gives_its_features_under_the_hubs_names(string without, string with)
    {
        bool projected = without == "text_encoder.";
        var tensors = Renamed(projected ? "text_encoder." : without, without, with);
        tensors["cls.predictions.bias"] = new Tensor([17], DType.F64);
        tensors["optimizer.state.0.exp_avg"] = new Tensor([1], DType.F64);
        var found = Run(tensors, "input_ids", "attention_mask");
        Assert.Equal(["text_features"], found.Keys);
        if (projected)
        {
            Close(found, "text_features");
        }
        else
        {
            // Without the projection it is the pooler's output, which tanh keeps below 1.
            Assert.Equal(new Shape([3, 6]), found["text_features"].Shape);
            Assert.All(TinyModel.Doubles(found["text_features"]), v => Assert.InRange(Math.Abs(v), 1e-6, 1));
        }
    }

    [Fact]
    public void Berts_old_names_of_the_layer_norms_are_known()
    {
        var tensors = Renamed("text_encoder.", "", "").ToDictionary(
            t => t.Key.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
                .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal),
            t => t.Value);
        Assert.Contains("text_encoder.bert_model.embeddings.LayerNorm.gamma", tensors.Keys);
        Close(Run(tensors, "input_ids", "attention_mask"), "text_features");
    }

    [Fact]
    public void An_image_encoder_and_a_decoder_take_text_features()
    {
        var tensors = _whole.Where(t => !t.Key.StartsWith("text_encoder.", StringComparison.Ordinal)).ToDictionary();
        _inputs["text_features"] = _expected["text_features"];
        var found = Run(tensors, "image", "text_features", "cotangent.logits", "cotangent.map");
        Close(found, "logits", "map", "grad.image_encoder.vit.embeddings.cls_token", "grad.model.decoder_norm.weight");
        Assert.DoesNotContain(found.Keys, k => k.StartsWith("grad.text_encoder", StringComparison.Ordinal));
    }

    [Fact]
    public void The_state_of_a_training_is_no_weight_and_has_no_gradient()
    {
        _whole["optimizer.state.0.exp_avg"] = new Tensor([3], DType.F64);
        var found = Run(_whole, "image", "input_ids", "attention_mask", "cotangent.logits", "cotangent.map");
        Assert.DoesNotContain("grad.optimizer.state.0.exp_avg", found.Keys);
        Assert.Equal(_expected.Keys.Where(k => !k.StartsWith("one.", StringComparison.Ordinal)).Order(), found.Keys.Order());
    }

    [Fact]
    public void A_decoder_alone_takes_both_sides()
    {
        (_inputs["text_features"], _inputs["patch_tokens"]) = (_expected["text_features"], _expected["patch_tokens"]);
        Close(Run(Renamed("model.", "model.", ""), "patch_tokens", "text_features"), "logits", "map");
        var error = Assert.Throws<DwarfException>(() => Run(Renamed("model.", "model.", ""), "image", "text_features"));
        Assert.Equal("model run: input 'patch_tokens' is missing", error.Message);
    }

    [Fact]
    public void An_encoder_alone_has_gradients_of_what_it_gives()
    {
        _inputs["cotangent.pooled"] = new Tensor([2, 8], DType.F64);
        _inputs["cotangent.pooled"].Span<double>().Fill(1);
        var found = Run(Renamed("image_encoder.", "", ""), "image", "cotangent.pooled");
        Assert.Contains(TinyModel.Doubles(found["grad.image_encoder.vit.layernorm.bias"]), v => v == 2);
        Assert.All(TinyModel.Doubles(found["grad.image_encoder.vit.pooler.dense.weight"]), v => Assert.Equal(0, v));
        var error = Assert.Throws<DwarfException>(() => Run(Renamed("image_encoder.", "", ""), "image", "cotangent.logits"));
        Assert.Contains("cotangent.logits has no output", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_something_else_is_refused()
    {
        var error = Assert.Throws<DwarfException>(() => Run(new() { ["backbone.weight"] = new Tensor([2], DType.F64) }, "image"));
        Assert.Equal(ErrorKind.Content, error.Kind);
        Assert.EndsWith("holds no image encoder, text encoder or decoder of a layout that is known", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_that_a_file_lacks_keep_their_values_and_are_named()
    {
        string image = Write(Renamed("image_encoder.", "image_encoder.vit.", ""), "image");
        string bert = Write(Renamed("text_encoder.bert_model.", "text_encoder.bert_model.", ""), "bert");
        using var network = new DwarfNetwork(LayoutTests.Config("weights"), ["A"], DType.F64, seed: 5);
        double[] head = TinyModel.Doubles(network.Parameters.Find("model.mlp_head.0.weight")!.Value);
        string report = WeightsFile.LoadParts(image, network).ToString();
        Assert.EndsWith(
            "not in the file, kept as they are: text_encoder.bert_model, text_encoder.mlp_embed, model", report, StringComparison.Ordinal);
        Assert.StartsWith("loaded 38 of 123, ignored 2: pooler.dense.weight, pooler.dense.bias;", report, StringComparison.Ordinal);
        Assert.EndsWith("as they are: image_encoder, text_encoder.mlp_embed, model", WeightsFile.LoadParts(bert, network).ToString(), StringComparison.Ordinal);
        Assert.Equal(head, TinyModel.Doubles(network.Parameters.Find("model.mlp_head.0.weight")!.Value));
        Assert.Equal(
            TinyModel.Doubles(_whole["image_encoder.vit.embeddings.cls_token"]),
            TinyModel.Doubles(network.Parameters.Find("image_encoder.vit.embeddings.cls_token")!.Value));

        // Evaluation wants all of it; one part of a whole file leaves the others alone.
        Assert.Throws<DwarfException>(() => WeightsFile.LoadInto(image, network));
        WeightsFile.LoadParts(GoldenTests.Golden("weights"), network, WeightNames.Text);
        Assert.Equal(head, TinyModel.Doubles(network.Parameters.Find("model.mlp_head.0.weight")!.Value));
        Assert.Equal(
            TinyModel.Doubles(_whole["text_encoder.mlp_embed.0.weight"]),
            TinyModel.Doubles(network.Parameters.Find("text_encoder.mlp_embed.0.weight")!.Value));
    }

    [Fact]
    public void A_part_that_is_there_must_be_there_whole()
    {
        var tensors = Renamed("image_encoder.", "", "");
        tensors.Remove("image_encoder.vit.layernorm.bias");
        using var network = new DwarfNetwork(LayoutTests.Config("weights"), [], DType.F64, null);
        var error = Assert.Throws<DwarfException>(() => WeightsFile.LoadParts(Write(tensors, "half"), network));
        Assert.EndsWith("'image_encoder.vit.layernorm.bias' [8] is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_on_weights_lists_what_is_ignored()
    {
        string page = File.ReadAllText(Path.GetFullPath(Path.Combine(GoldenTests.Golden("weights"), "..", "..", "..", "..", "docs", "weights.md")));
        Assert.All(KeyMap.IgnoredNames, line => Assert.Contains(line.Why, page, StringComparison.Ordinal));
    }

    private Dictionary<string, Tensor> Renamed(string part, string without, string with) => _whole
        .Where(t => t.Key.StartsWith(part, StringComparison.Ordinal) && t.Key.StartsWith(without, StringComparison.Ordinal))
        .ToDictionary(t => with + t.Key[without.Length..], t => t.Value);

    private Dictionary<string, Tensor> Run(Dictionary<string, Tensor> weights, params string[] inputs) => ModelRunner.Run(
        _cpu, Write(weights, "weights"), inputs.ToDictionary(i => i, i => _inputs[i]), Heads, DType.F64);

    private string Write(Dictionary<string, Tensor> tensors, string name)
    {
        string path = Path.Combine(_folder, $"{name}.safetensors");
        SafetensorsWriter.Write(path, tensors);
        return path;
    }

    private void Close(Dictionary<string, Tensor> found, params string[] names)
        => Assert.All(names, name => TinyModel.AssertClose(_expected[name], found[name], 1e-10, 1e-12, name));
}
