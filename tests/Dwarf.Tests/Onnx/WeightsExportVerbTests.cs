using Dwarf.Tests.Model;
using Dwarf.Tests.Shell;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Onnx;

public sealed class WeightsExportVerbTests : IDisposable
{
    private static readonly string[] s_heads = ["--attr", "image_heads=2", "--attr", "text_heads=3", "--attr", "decoder_heads=4"];

    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-export-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    /// <summary>The lists are written from the published classes' definitions, not from our tables.</summary>
    [Theory]
    [InlineData("image")]
    [InlineData("text")]
    [InlineData("decoder")]
    [InlineData("all")]
    public void A_part_has_exactly_the_published_names_and_the_weights_bits(string part)
    {
        string path = Path.Combine(_folder, "part.safetensors");
        var run = Invocation.Of(["weights", "export", GoldenTests.Golden("weights"), path, "--part", part, .. s_heads]);
        Assert.True(run.Code == 0, run.Error);
        var found = SafetensorsFile.ReadAll(path);
        var source = SafetensorsFile.ReadAll(GoldenTests.Golden("weights"));
        Dictionary<string, string> expected = part switch
        {
            "image" => PublishedKeys.Vit(2).ToDictionary(k => k, k => $"image_encoder.vit.{k}"),
            "text" => PublishedKeys.Bert(2).ToDictionary(k => k, k => $"text_encoder.bert_model.{k}"),
            "decoder" => PublishedKeys.Tqn(2).ToDictionary(k => k, k => $"model.{k}"),
            _ => PublishedKeys.Vit(2).Select(k => $"image_encoder.vit.{k}")
                .Concat(PublishedKeys.Bert(2).Select(k => $"text_encoder.bert_model.{k}"))
                .Concat(["text_encoder.mlp_embed.0.weight", "text_encoder.mlp_embed.0.bias", "text_encoder.mlp_embed.2.weight"])
                .Concat(["text_encoder.mlp_embed.2.bias", "text_encoder.logit_scale"])
                .Concat(PublishedKeys.Tqn(2).Select(k => $"model.{k}")).ToDictionary(k => k),
        };
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), found.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, pair =>
        {
            var (value, original) = (found[pair.Key], source[pair.Value]);
            Assert.Equal((original.Shape, original.DType), (value.Shape, value.DType));
            Assert.True(value.ByteSpan(0, (int)value.Bytes).SequenceEqual(original.ByteSpan(0, (int)original.Bytes)), $"{pair.Key} has other bits");
        });
        Assert.Equal(part == "text", run.Error.Contains("left out: text_encoder.mlp_embed.0.weight", StringComparison.Ordinal));
    }

    [Fact]
    public void Everything_comes_back_into_a_network_with_the_same_bytes()
    {
        string first = Path.Combine(_folder, "1.safetensors"), second = Path.Combine(_folder, "2.safetensors");
        Assert.Equal(0, Invocation.Of(["weights", "export", GoldenTests.Golden("weights"), first, "--part", "all", .. s_heads]).Code);
        Assert.Equal(0, Invocation.Of(["weights", "export", first, second, "--part", "all", .. s_heads]).Code);
        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
    }

    /// <summary>KAD's classes register the ViT's modules and the ResNet's stages twice; MedKLIP's and counters of batches come as they are.</summary>
    [Theory]
    [InlineData("lukemelas")]
    [InlineData("resnet224")]
    [InlineData("resnet512")]
    [InlineData("medklip")]
    public void Every_layout_comes_back_with_all_its_names_and_bits(string layout)
    {
        string path = Path.Combine(_folder, "all.safetensors"), again = Path.Combine(_folder, "again.safetensors");
        var run = Invocation.Of(["weights", "export", GoldenTests.Golden($"{layout}.weights"), path, "--part", "all", .. s_heads]);
        Assert.True(run.Code == 0, run.Error);
        var found = SafetensorsFile.ReadAll(path);
        var source = SafetensorsFile.ReadAll(GoldenTests.Golden($"{layout}.weights"));
        Assert.All(source, pair =>
        {
            // MedKLIP is one module, saved by DataParallel.
            string name = pair.Key.Replace("model.module.res_", "image_encoder.res_", StringComparison.Ordinal)
                .Replace("model.module.", "model.", StringComparison.Ordinal);
            var (value, original) = (found[name], pair.Value);
            Assert.Equal((original.Shape, original.DType), (value.Shape, value.DType));
            Assert.True(value.ByteSpan(0, (int)value.Bytes).SequenceEqual(original.ByteSpan(0, (int)original.Bytes)), $"{name} has other bits");
        });
        Assert.Equal(0, Invocation.Of(["weights", "export", path, again, "--part", "all", .. s_heads]).Code);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(again));
    }

    [Theory]
    [InlineData("lukemelas", "image", "is no ViT of Hugging Face's layout")]
    [InlineData("resnet224", "image", "is no ViT of Hugging Face's layout")]
    [InlineData("medklip", "text", "holds no text encoder")]
    public void A_part_that_is_not_there_is_wrong_content(string layout, string part, string message)
    {
        string path = Path.Combine(_folder, "part.safetensors");
        var run = Invocation.Of(["weights", "export", GoldenTests.Golden($"{layout}.weights"), path, "--part", part, .. s_heads]);
        Assert.Equal(65, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
    }

    /// <summary>A file of Hugging Face's ViT alone, as the hub has it, is exported as far as it goes, and the exported part loads again.</summary>
    [Fact]
    public void A_part_alone_is_exported_as_far_as_it_goes()
    {
        string part = Path.Combine(_folder, "vit.safetensors"), again = Path.Combine(_folder, "again.safetensors");
        Assert.Equal(0, Invocation.Of(["weights", "export", GoldenTests.Golden("weights"), part, "--part", "image", .. s_heads]).Code);
        var run = Invocation.Of(["weights", "export", part, Path.Combine(_folder, "vit.onnx"), "--attr", "image_heads=2"]);
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(["image", "patch_tokens", "pooled"], run.Out.TrimEnd('\n').Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.Equal(0, Invocation.Of(["weights", "export", part, again, "--part", "image", "--attr", "image_heads=2"]).Code);
        Assert.Equal(File.ReadAllBytes(part), File.ReadAllBytes(again));
        Assert.Equal(65, Invocation.Of(["weights", "export", part, again, "--part", "decoder", "--attr", "image_heads=2", "--force"]).Code);
    }

    [Theory]
    [InlineData("resnet512", "96x64", "[b,3,96,64]")]
    [InlineData("resnet512", "64", "[b,3,64,64]")]
    [InlineData("resnet512", null, "[b,3,512,512]")]
    [InlineData("resnet224", null, "[b,3,224,224]")]
    public void A_resnets_images_have_the_size_that_is_asked_for(string layout, string? size, string shape)
    {
        string[] asked = size is null ? [] : ["--size", size];
        var run = Invocation.Of(["weights", "export", GoldenTests.Golden($"{layout}.weights"), Path.Combine(_folder, "a.onnx"), .. asked, .. s_heads]);
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains(shape, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pooler_comes_along_only_where_the_file_has_one()
    {
        string without = Path.Combine(_folder, "in.safetensors"), path = Path.Combine(_folder, "part.safetensors");
        var tensors = SafetensorsFile.ReadAll(GoldenTests.Golden("weights"));
        Assert.True(tensors.Remove("image_encoder.vit.pooler.dense.weight") && tensors.Remove("image_encoder.vit.pooler.dense.bias"));
        SafetensorsWriter.Write(without, tensors);
        Assert.Equal(0, Invocation.Of(["weights", "export", without, path, "--part", "image", .. s_heads]).Code);
        var names = SafetensorsFile.ReadAll(path).Keys;
        Assert.Equal(PublishedKeys.Vit(2).Where(k => !k.StartsWith("pooler.", StringComparison.Ordinal)).Order(), names.Order());
    }

    [Fact]
    public void An_existing_file_stays_as_it_is_unless_it_may_be_replaced()
    {
        string path = Path.Combine(_folder, "a.onnx");
        File.WriteAllText(path, "mine");
        string[] command = ["weights", "export", GoldenTests.Golden("weights"), path, .. s_heads];
        var run = Invocation.Of(command);
        Assert.Equal((73, $"dwarf: {path}: exists already; give another OUT or --force\n"), (run.Code, run.Error));
        Assert.Equal("mine", File.ReadAllText(path));
        Assert.Equal(0, Invocation.Of([.. command, "--force"]).Code);
        Assert.True(new FileInfo(path).Length > 10_000);
    }

    [Theory]
    [InlineData(64, "expected OUT to end in .onnx or .safetensors, found '.onx'", "a.onx")]
    [InlineData(64, "--part: expected one of image, text, decoder, all for ", "a.safetensors")]
    [InlineData(64, "found 'txt'; did you mean 'text'?", "a.safetensors", "--part", "txt")]
    [InlineData(64, "--part: expected one of image, text, decoder, all, found '1'", "a.safetensors", "--part", "1")]
    [InlineData(64, "--part goes with .safetensors", "a.onnx", "--part", "text")]
    [InlineData(64, "--prompts goes with .onnx", "a.safetensors", "--prompts", "alone")]
    [InlineData(64, "--size: expected pixels of 1 to 16384 such as 512 or 512x640, found '5y6'", "a.onnx", "--size", "5y6")]
    [InlineData(64, "--size: expected pixels", "a.onnx", "--size", "0")]
    [InlineData(64, "only a ResNet leaves the images' size open", "a.onnx", "--size", "12", "--attr", "image_heads=2", "--attr", "text_heads=3")]
    [InlineData(64, "unknown attribute 'image_head'", "a.onnx", "--attr", "image_head=2")]
    [InlineData(64, "image_heads: 12 does not divide the width 8", "a.onnx")]
    public void A_wrong_call_is_one_line_and_writes_nothing(int code, string message, string file, params string[] options)
    {
        string path = Path.Combine(_folder, file);
        var run = Invocation.Of(["weights", "export", GoldenTests.Golden("weights"), path, .. options]);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void A_file_that_is_no_network_is_wrong_content()
    {
        string path = Path.Combine(_folder, "in.safetensors");
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["x"] = new([2], DType.F32) });
        Assert.Equal(65, Invocation.Of("weights", "export", path, Path.Combine(_folder, "a.onnx")).Code);
        Assert.Equal(66, Invocation.Of("weights", "export", path + "2", Path.Combine(_folder, "a.onnx")).Code);
    }
}
