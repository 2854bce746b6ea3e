using System.Globalization;
using System.Text.Json;
using Dwarf.Model.Weights;
using Dwarf.Tests.Metrics;
using Dwarf.Tests.Model;
using Dwarf.Training;
using Dwarf.Training.Runs;
using Engine.Autograd;
using Engine.Autograd.Optim;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tensors.Safetensors;
using Xunit;

namespace Dwarf.Tests.Runs;

/// <summary>Freezing, layer-wise rates and the average of weights: against PyTorch (tests/golden/optim/recipes.json), and in runs.</summary>
public sealed class RecipeTests : IDisposable
{
    private static readonly JsonElement s_golden =
        JsonDocument.Parse(File.ReadAllText(Golden.Path("optim/recipes.json"))).RootElement;

    private readonly TinyRun _run = TinyRun.Phantom();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(DType.F64, 1e-12)]
    [InlineData(DType.F32, 2e-6)]
    public void Frozen_parts_layer_rates_and_averages_equal_those_of_PyTorch(DType dtype, double rtol)
    {
        using var cpu = new CpuDevice(2);
        using var tape = new Tape(cpu);
        using var store = new ParameterStore(dtype);
        foreach (var start in s_golden.GetProperty("start").EnumerateObject())
        {
            double[] values = Numbers(start.Value);
            Shape shape = values.Length == 6 ? [2, 3] : [3];
            store.Declare(start.Name, shape, values.Length == 6, t => t.CopyFrom(Of(shape, values, dtype)), _ => { });
        }

        store.Build();
        NamePattern[] freeze = [.. s_golden.GetProperty("freeze").EnumerateArray().Select(p => NamePattern.Of(p.GetString()!))];
        foreach (var parameter in store.Parameters)
        {
            parameter.SetTrained(!freeze.Any(p => p.Fits(parameter.Name)));
        }

        string[] frozen = [.. s_golden.GetProperty("frozen").EnumerateArray().Select(n => n.GetString()!)];
        Assert.Equal(frozen.Order(StringComparer.Ordinal), store.Parameters.Where(p => !p.RequiresGrad).Select(p => p.Name).Order(StringComparer.Ordinal));
        double lr = s_golden.GetProperty("lr").GetDouble();
        var optimiser = StageOptimiser.Create(store, new StageOptions
        {
            Epochs = 1,
            LearningRate = lr,
            HeadLearningRate = lr,
            WeightDecay = s_golden.GetProperty("weight_decay").GetDouble(),
            LayerDecay = s_golden.GetProperty("decay").GetDouble(),
        }, SilentMonitor.Instance);
        var average = new WeightAverage(store, s_golden.GetProperty("ema").GetDouble());
        foreach (var step in s_golden.GetProperty("steps").EnumerateArray())
        {
            Variable? loss = null;
            foreach (var parameter in store.Parameters)
            {
                var gradient = tape.Constant(Of(parameter.Shape, Numbers(step.GetProperty("grads").GetProperty(parameter.Name)), dtype));
                var part = tape.ReduceSum(tape.Mul(parameter, gradient));
                loss = loss is null ? part : tape.Add(loss, part);
            }

            tape.Backward(loss!);
            Assert.All(store.Parameters, p => Assert.Equal(p.RequiresGrad, p.Grad is not null));
            optimiser.Step(cpu, lr);
            average.Update(cpu);
            tape.Reset();
            Compare(step.GetProperty("values"), store.Parameters.Select(p => (p.Name, p.Value)), rtol);
            Compare(step.GetProperty("average"), average.State().Select(s => (s.Name["average.".Length..], s.Tensor)), rtol);
        }

        Assert.All(store.Parameters.Where(p => !p.RequiresGrad), p => Assert.Equal(0, optimiser.StepsOf(p)));
    }

    [Fact]
    public void The_depth_of_every_part_is_that_of_BEiT_and_MAE()
    {
        var scales = s_golden.GetProperty("scales").EnumerateObject().ToList();
        var layers = new LayerDecay(scales.Select(s => s.Name), s_golden.GetProperty("decay").GetDouble());
        Assert.All(scales, s => Assert.InRange(layers.FactorOf(s.Name) / s.Value.GetDouble(), 1 - 1e-12, 1 + 1e-12));
        Assert.Equal(2, layers.Table().Count());
        Assert.Equal(
            "learning rates of text_encoder: embeddings ×0.275, blocks ×0.423 ×0.65, the rest ×1", layers.Table().Last());
        Assert.Empty(new LayerDecay(scales.Select(s => s.Name), 1).Table());
        var others = new LayerDecay(["image_encoder.transformer.blocks.1.pwff.fc1.weight", "image_encoder.class_token"], 0.5);
        Assert.Equal((1, 3), (others.DepthOf("image_encoder.transformer.blocks.1.norm1.bias"), others.DepthOf("image_encoder.class_token")));
        var resnet = new LayerDecay(["image_encoder.res_features.0.weight", "image_encoder.res_features.6.5.conv1.weight"], 0.5);
        Assert.Equal([4, 3, 1, 0], ((string[])["0.weight", "4.0.conv1.weight", "6.5.bn1.bias"]).Select(n => resnet.DepthOf("image_encoder.res_features." + n))
            .Append(resnet.DepthOf("image_encoder.res_l1.weight")));
    }

    [Theory]
    [InlineData("text_encoder", "text_encoder.bert_model.pooler.dense.bias", true)]
    [InlineData("text", "text_encoder.bert_model.pooler.dense.bias", false)]
    [InlineData("a.layer.1", "a.layer.11.weight", false)]
    [InlineData("a.layer.", "a.layer.11.weight", true)]
    [InlineData("*.bias", "a.layer.11.bias", true)]
    [InlineData("*.bias", "a.bias.weight", true)]
    [InlineData("a.*.norm*", "a.layer.3.norm2.weight", true)]
    [InlineData("a.layer.[0-5]", "a.layer.5.weight", true)]
    [InlineData("a.layer.[0-5]", "a.layer.6.weight", false)]
    [InlineData("a.layer.{9..11}", "a.layer.10.weight", true)]
    [InlineData("a.layer.{9..11}", "a.layer.1.weight", false)]
    [InlineData("a.layer.{0..1}.[qk].weight", "a.layer.1.k.weight", true)]
    [InlineData("a.layer.{0..1}.[qk].weight", "aXlayer.1.k.weight", false)]
    public void A_pattern_means_whole_parts_of_names(string pattern, string name, bool fits) =>
        Assert.Equal(fits, NamePattern.Of(pattern).Fits(name));

    [Theory]
    [InlineData("pretrain.freeze=[text_encodr]", "pretrain.freeze: no weight's name begins with 'text_encodr'; did you mean 'text_encoder'?")]
    [InlineData("train.freeze=[image_encoder.vit.encoder.layer.9]", "train.freeze: no weight's name begins with 'image_encoder.vit.encoder.layer.9'; did you mean 'image_encoder.vit.encoder.layer.0'?")]
    [InlineData("train.freeze=['*.dense.bais']", "train.freeze: no weight's name fits '*.dense.bais'; names are such as 'image_encoder.vit.embeddings.cls_token'")]
    [InlineData("train.freeze=['a.[0-']", "train.freeze: 'a.[0-': '[' has no ']'")]
    [InlineData("train.freeze=['a.{5..1}']", "train.freeze: 'a.{5..1}': expected {0..11}, found {5..1}")]
    public void A_part_that_is_not_there_is_told_before_anything_is_trained(string set, string message)
    {
        var refused = _run.Train("refused", "--set", set);
        Assert.Equal(78, refused.Code);
        Assert.Contains(message, refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("pretrain:", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Averaged_weights_are_what_is_evaluated_and_a_stopped_run_goes_on_with_them()
    {
        File.AppendAllText(_run.Config, "extends: none.yaml\n");
        File.WriteAllText(_run.In("none.yaml"), "pretrain: {ema: 0.6}\ntrain: {ema: 0.8, layer_decay: 0.7}\n");
        _run.Finish("straight");
        foreach (int steps in (int[])[2, 6, 7, 13])
        {
            string folder = $"stopped{steps.ToString(CultureInfo.InvariantCulture)}";
            Assert.False(_run.Session(folder, false, (done, _) => done == steps));
            Assert.True(_run.Session(folder, true, (_, _) => false));
            _run.AssertSame("straight", folder);
        }

        using var state = SafetensorsFile.Open(_run.In("straight/checkpoints/last.state.safetensors"));
        using var last = SafetensorsFile.Open(_run.In("straight/checkpoints/last.safetensors"));
        const string Name = "model.mlp_head.0.weight";
        Assert.Equal("12", state.Metadata["average_updates"]);
        Assert.Equal(Bits(state, "average." + Name), Bits(last, Name));
        Assert.NotEqual(Bits(state, "value." + Name), Bits(last, Name));

        static byte[] Bits(SafetensorsFile file, string name) => file.Read(name) is var t ? t.ByteSpan(0, (int)t.Bytes).ToArray() : [];
    }

    private static void Compare(JsonElement expected, IEnumerable<(string Name, Tensor Tensor)> found, double rtol)
    {
        foreach (var (name, tensor) in found)
        {
            TinyModel.AssertClose(Tensor.From<double>(tensor.Shape, Numbers(expected.GetProperty(name))), tensor, rtol, 0, name);
        }
    }

    private static Tensor Of(Shape shape, double[] values, DType dtype) => Tensor.From<double>(shape, values).To(dtype);

    private static double[] Numbers(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? [.. element.EnumerateArray().SelectMany(Numbers)] : [element.GetDouble()];
}
