using Dwarf.Model;
using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Model;

/// <summary>Every published layout against a reference in plain PyTorch: tests/golden/model/layouts.py.</summary>
public sealed class LayoutTests : IDisposable
{
    private static readonly HeadCounts Heads = new(Image: 2, Text: 3, Decoder: 4);
    private readonly CpuDevice _cpu = new(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("dwarf-layouts-").FullName;

    public void Dispose()
    {
        _cpu.Dispose();
        Directory.Delete(_folder, true);
    }

    [Theory]
    [InlineData("lukemelas", DType.F64, 1e-10)]
    [InlineData("lukemelas", DType.F32, 2e-4)]
    [InlineData("resnet224", DType.F64, 1e-10)]
    [InlineData("resnet224", DType.F32, 2e-4)]
    [InlineData("resnet512", DType.F64, 1e-10)]
    [InlineData("resnet512", DType.F32, 2e-4)]
    [InlineData("medklip", DType.F64, 1e-10)]
    [InlineData("medklip", DType.F32, 2e-4)]
    public void A_run_gives_pytorchs_outputs_and_gradients_under_every_key(string layout, DType dtype, double rtol)
    {
        var expected = Read(layout, "output");
        var found = ModelRunner.Run(_cpu, GoldenTests.Golden($"{layout}.weights"), Read(layout, "input"), Heads, dtype);
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        double largest = expected.Values.Max(t => TinyModel.Doubles(t).Max(Math.Abs));
        foreach (var (name, tensor) in expected)
        {
            Assert.Equal(dtype, found[name].DType);
            TinyModel.AssertClose(tensor, found[name], rtol, floor: rtol * largest * 0.1, because: name);
        }
    }

    [Theory]
    [InlineData("weights", "loaded 121 of 121, 2 of them twice, ignored 5: ", "image_encoder.vit.pooler.dense.weight", "model.logit_scale")]
    [InlineData("lukemelas.weights", "loaded 119 of 119, 38 of them twice, ignored 6: ", "image_encoder.vit.fc.bias", "image_encoder.vit.norm.weight")]
    [InlineData("resnet224.weights", "ignored ", "image_encoder.resnet.layer4.* (2", "*.num_batches_tracked (")]
    [InlineData("resnet512.weights", "ignored ", "image_encoder.resnet.fc.weight", "*.num_batches_tracked (")]
    [InlineData("medklip.weights", "ignored ", "model.module.cl_fc.weight, model.module.cl_fc.bias", "*.num_batches_tracked (")]
    public void Every_key_is_loaded_or_named_as_ignored(string file, params string[] parts)
    {
        using var archive = WeightArchive.Open(GoldenTests.Golden(file));
        using var held = NetworkParts.Open(archive, Heads, DType.F64);
        Assert.All(parts, part => Assert.Contains(part, held.Report.ToString(), StringComparison.Ordinal));
        Assert.Equal(held.Report.Expected, held.Report.Loaded);
        Assert.Equal(archive.Entries.Count, held.Report.Loaded + held.Report.Aliases + held.Report.Ignored.Count);
    }

    [Theory]
    [InlineData("weights")]
    [InlineData("lukemelas.weights")]
    [InlineData("resnet224.weights")]
    [InlineData("resnet512.weights")]
    [InlineData("medklip.weights")]
    public void One_misshapen_key_and_one_that_nobody_knows_are_refused(string file)
    {
        var tensors = SafetensorsFile.ReadAll(GoldenTests.Golden(file));
        string prefix = file[0] == 'm' ? "model.module" : "model";
        string bias = $"{prefix}.decoder.layers.1.linear1.bias";
        foreach (var (change, message) in new (Action<Dictionary<string, Tensor>>, string)[]
        {
            (t => t[bias] = new Tensor([13], DType.F64), $"'{bias}' must be [12], found [13]"),
            (t => t[$"{bias}s"] = t[bias], $"'{bias}s' is not in the model (near: 'model.decoder.layers.1.linear1.bias')"),
            (t => t.Remove(bias), "'model.decoder.layers.1.linear1.bias' [12] is missing"),
        })
        {
            var changed = new Dictionary<string, Tensor>(tensors);
            change(changed);
            string path = Write(changed);
            var error = Refused(path);
            Assert.Equal(ErrorKind.Content, error.Kind);
            Assert.Equal($"{path}: {message}", error.Message);
        }
    }

    [Fact]
    public void Aliases_that_differ_are_refused_in_every_layout()
    {
        foreach (var (file, name, other) in new[]
        {
            ("lukemelas.weights", "image_encoder.class_token", "image_encoder.vit.class_token"),
            ("resnet512.weights", "image_encoder.resnet.layer4.0.bn3.running_mean", "image_encoder.res_features.7.0.bn3.running_mean"),
        })
        {
            var tensors = SafetensorsFile.ReadAll(GoldenTests.Golden(file));
            Assert.Equal(TinyModel.Doubles(tensors[name]), TinyModel.Doubles(tensors[other]));
            tensors[name] = new Tensor(tensors[name].Shape, DType.F64);
            var error = Refused(Write(tensors));
            Assert.EndsWith("name the same weight but differ", error.Message, StringComparison.Ordinal);
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
            Assert.Contains(other, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("resnet224.weights", "resnet512.weights", "the file's image encoder is a ResNet through layer4 (kind resnet50, stage 4), the network's is a ResNet through layer3 (kind resnet50, stage 3)")]
    [InlineData("lukemelas.weights", "weights", "the file's image encoder is a vision transformer in Hugging Face's layout (kind vit), the network's is a vision transformer in lukemelas' layout (kind lukemelas-vit)")]
    [InlineData("resnet224.weights", "medklip.weights", "the file's decoder is MedKLIP's (kind medklip), the network's is KAD's (kind kad)")]
    public void A_wrong_variant_is_refused_in_one_line(string mine, string theirs, string message)
    {
        using var network = new DwarfNetwork(Config(mine), [], DType.F64, null);
        string path = GoldenTests.Golden(theirs);
        var error = Assert.Throws<DwarfException>(() => WeightsFile.LoadParts(path, network));
        Assert.Equal((ErrorKind.Content, $"{path}: {message}"), (error.Kind, error.Message));
    }

    [Fact]
    public void Position_embeddings_of_another_image_size_say_so()
    {
        var config = Config("weights");
        using var network = new DwarfNetwork(config with { Image = config.Image with { Size = 16 } }, [], DType.F64, null);
        string path = GoldenTests.Golden("weights");
        var error = Assert.Throws<DwarfException>(() => WeightsFile.LoadInto(path, network));
        Assert.Equal(
            $"{path}: 'image_encoder.vit.embeddings.position_embeddings' must be [1,17,8], found [1,10,8] "
            + "(images of another size: the file's have 9 patches, these 16)",
            error.Message);
    }

    [Fact]
    public void Training_mode_of_the_resnet_is_pytorchs_and_moves_the_running_statistics()
    {
        var expected = Read("resnet224", "training");
        using var archive = WeightArchive.Open(GoldenTests.Golden("resnet224.weights"));
        using var parts = NetworkParts.Open(archive, Heads, DType.F64, (32, 41));
        using var tape = new Tape(_cpu);
        var (patches, _) = parts.Image!.Forward(tape, tape.Constant(expected["image"]), training: true);
        TinyModel.AssertClose(expected["patch_tokens"], patches.Value, 1e-10, 0, "patch_tokens");
        tape.Backward([patches], [tape.OnDevice(expected["cotangent"])]);
        int compared = 0;
        foreach (var (name, tensor) in expected.Where(e => e.Key.Contains("res_features", StringComparison.Ordinal)))
        {
            bool gradient = name.StartsWith("grad.", StringComparison.Ordinal);
            var entry = parts.Find("image_encoder." + (gradient ? name["grad.".Length..] : name))!;
            TinyModel.AssertClose(tensor, entry.Gather(p => gradient ? p.Grad : p.Value), 1e-9, 1e-12, name);
            compared++;
        }

        Assert.Equal(16 * 5, compared);
    }

    internal static ModelConfig Config(string file)
    {
        using var archive = WeightArchive.Open(GoldenTests.Golden(file));
        return new ShapeReader(file, ShapeReader.Shapes(archive, KeyMap.Of(archive.Entries.Select(e => e.Name)))).Read(Heads);
    }

    private static Dictionary<string, Tensor> Read(string layout, string kind) => SafetensorsFile.ReadAll(GoldenTests.Golden($"{layout}.{kind}"));

    private static DwarfException Refused(string path) => Assert.Throws<DwarfException>(() =>
    {
        using var archive = WeightArchive.Open(path);
        using var parts = NetworkParts.Open(archive, Heads, DType.F64);
    });

    private string Write(Dictionary<string, Tensor> tensors)
    {
        string path = Path.Combine(_folder, "changed.safetensors");
        SafetensorsWriter.Write(path, tensors);
        return path;
    }
}
