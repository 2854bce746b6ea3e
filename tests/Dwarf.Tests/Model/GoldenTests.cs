using System.Runtime.CompilerServices;
using Dwarf.Model;
using Dwarf.Model.Weights;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Model;

/// <summary>Against a reference in plain PyTorch: tests/golden/model/make.py.</summary>
public sealed class GoldenTests : IDisposable
{
    private static readonly HeadCounts Heads = new(Image: 2, Text: 3, Decoder: 4);
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(DType.F64, 1e-10)]
    [InlineData(DType.F32, 2e-4)]
    public void A_run_gives_pytorchs_outputs_and_gradients_under_every_key(DType dtype, double rtol)
    {
        var expected = SafetensorsFile.ReadAll(Golden("output"));
        var found = ModelRunner.Run(_cpu, Golden("weights"), SafetensorsFile.ReadAll(Golden("input")), Heads, dtype);
        string[] names = [.. expected.Keys.Where(n => !n.StartsWith("one.", StringComparison.Ordinal))];
        Assert.Equal(names.Order(), found.Keys.Order());
        double largest = names.Max(n => TinyModel.Doubles(expected[n]).Max(Math.Abs));
        foreach (string name in names)
        {
            Assert.Equal(dtype, found[name].DType);
            TinyModel.AssertClose(expected[name], found[name], rtol, floor: rtol * largest * 0.1, because: name);
        }
    }

    [Fact]
    public void Aliases_get_the_whole_gradient_and_unused_weights_get_zeros()
    {
        var found = ModelRunner.Run(_cpu, Golden("weights"), SafetensorsFile.ReadAll(Golden("input")), Heads, DType.F64);
        Assert.Equal(
            TinyModel.Doubles(found["grad.model.decoder_norm.weight"]), TinyModel.Doubles(found["grad.model.decoder.norm.weight"]));
        Assert.All(TinyModel.Doubles(found["grad.image_encoder.vit.pooler.dense.weight"]), v => Assert.Equal(0, v));
        Assert.Equal(new Shape([]), found["grad.model.logit_scale"].Shape);
        Assert.DoesNotContain("grad.text_encoder.bert_model.embeddings.position_ids", found.Keys);
    }

    [Fact]
    public void Prompts_alone_give_what_pytorch_gives_for_one_prompt()
    {
        var expected = SafetensorsFile.ReadAll(Golden("output"));
        using var file = SafetensorsFile.Open(Golden("weights"));
        var reader = new ShapeReader("weights", file.Entries.ToDictionary(e => e.Name, e => e.Shape));
        using var network = new DwarfNetwork(reader.Read(Heads), [], DType.F64, null);
        WeightsFile.LoadInto(Golden("weights"), network);
        using var tape = new Tape(_cpu) { Recording = false };
        var (logits, map) = network.Decoder.Forward(
            tape, tape.Constant(expected["patch_tokens"]), tape.Constant(expected["text_features"]), Prompts.Alone);
        for (int image = 0; image < 2; image++)
        {
            var second = ((image * 3) + 1, 1);
            TinyModel.AssertClose(Rows(expected["one.logits"], image, 1), Rows(logits.Value, second.Item1, 1), 1e-10, 0, "logits");
            TinyModel.AssertClose(Rows(expected["one.map"], image, 1), Rows(map.Value, second.Item1, 1), 1e-10, 0, "map");
        }
    }

    [Fact]
    public void A_cotangent_that_is_absent_counts_as_zero()
    {
        var inputs = SafetensorsFile.ReadAll(Golden("input"));
        inputs["cotangent.map"].Clear();
        var with = ModelRunner.Run(_cpu, Golden("weights"), inputs, Heads, DType.F64);
        inputs.Remove("cotangent.map");
        var without = ModelRunner.Run(_cpu, Golden("weights"), inputs, Heads, DType.F64);
        Assert.Equal(with.Keys.Order(), without.Keys.Order());
        Assert.All(with, pair => TinyModel.AssertClose(pair.Value, without[pair.Key], 1e-12, 1e-12, pair.Key));
        inputs.Remove("cotangent.logits");
        var names = ModelRunner.Run(_cpu, Golden("weights"), inputs, Heads, DType.F64).Keys;
        Assert.DoesNotContain(names, n => n.StartsWith("grad", StringComparison.Ordinal));
    }

    [Fact]
    public void An_empty_batch_is_legal_and_gives_zero_gradients()
    {
        var inputs = SafetensorsFile.ReadAll(Golden("input"));
        inputs["image"] = new Tensor([0, 3, 12, 12], DType.F64);
        inputs["cotangent.logits"] = new Tensor([0, 3, 2], DType.F64);
        inputs["cotangent.map"] = new Tensor([0, 3, 9], DType.F64);
        var found = ModelRunner.Run(_cpu, Golden("weights"), inputs, Heads, DType.F64);
        Assert.Equal(new Shape([0, 3, 9]), found["map"].Shape);
        var features = SafetensorsFile.ReadAll(Golden("output"))["text_features"];
        TinyModel.AssertClose(features, found["text_features"], 1e-10, 0, "text_features");
        var gradients = found.Where(f => f.Key.StartsWith("grad.", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(gradients);
        Assert.All(gradients.SelectMany(g => TinyModel.Doubles(g.Value)), v => Assert.Equal(0, v));
    }

    [Theory]
    [InlineData("image", "model run: input 'image' is missing")]
    [InlineData("input_ids", "model run: input 'input_ids' is missing")]
    public void A_missing_input_is_named(string name, string message)
    {
        var inputs = SafetensorsFile.ReadAll(Golden("input"));
        inputs.Remove(name);
        var error = Assert.Throws<DwarfException>(() => ModelRunner.Run(_cpu, Golden("weights"), inputs, Heads, DType.F64));
        Assert.Equal((ErrorKind.Content, message), (error.Kind, error.Message));
    }

    [Fact]
    public void Heads_that_do_not_divide_a_width_and_misshapen_cotangents_are_refused()
    {
        var inputs = SafetensorsFile.ReadAll(Golden("input"));
        var heads = Assert.Throws<DwarfException>(
            () => ModelRunner.Run(_cpu, Golden("weights"), inputs, Heads with { Decoder = 3 }, DType.F64));
        Assert.Equal((ErrorKind.Usage, "decoder_heads: 3 does not divide the width 8"), (heads.Kind, heads.Message));
        inputs["cotangent.logits"] = new Tensor([2, 3], DType.F64);
        var shape = Assert.Throws<ShapeException>(() => ModelRunner.Run(_cpu, Golden("weights"), inputs, Heads, DType.F64));
        Assert.Equal("model run: cotangent.logits must be [2,3,2], found [2,3]", shape.Message);
    }

    internal static string Golden(string name, [CallerFilePath] string here = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "golden", "model", name + ".safetensors"));

    private static Tensor Rows(Tensor tensor, int from, int count)
    {
        int size = (int)tensor.Shape[-1];
        return Tensor.From<double>([count, size], tensor.Span<double>().Slice(from * size, count * size));
    }
}
