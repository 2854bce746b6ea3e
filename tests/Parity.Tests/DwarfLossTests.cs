using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Engine.Tests;
using Xunit;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace Parity.Tests;

/// <summary>From logits and raw map through scale, logit, head, resizing, Dice and cross-entropy: the whole loss against libtorch in f64.</summary>
/// <remarks>The network before it is compared with PyTorch by Dwarf.Tests (tests/golden/model).</remarks>
public sealed class DwarfLossTests : IDisposable
{
    private const int Rows = 5, Grid = 3, Pixels = 12;
    private static readonly ImageEncoderConfig s_image = new() { Size = Pixels, Patch = Pixels / Grid, Width = 8, Layers = 1, Heads = 2, Hidden = 8 };
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(0.5, 1, MapScale.Max, HeadSpace.Logit, LossGrid.Pixels, DiceOn.Positives)]
    [InlineData(0.3, 2.5, MapScale.Minmax, HeadSpace.Logit, LossGrid.Pixels, DiceOn.All)]
    [InlineData(0.8, 3, MapScale.Max, HeadSpace.Logit, LossGrid.Patches, DiceOn.Positives)]
    [InlineData(0.5, 0.5, MapScale.Max, HeadSpace.Linear, LossGrid.Pixels, DiceOn.Positives)]
    [InlineData(1, 2, MapScale.Size, HeadSpace.Linear, LossGrid.Patches, DiceOn.All)]
    public void Loss_and_its_gradients_agree_with_libtorch(double lambda, double wFp, MapScale scale, HeadSpace space, LossGrid grid, DiceOn diceOn)
    {
        var loss = new LossConfig { Lambda = lambda, WFp = wFp, Grid = grid, DiceOn = diceOn };
        var map = new MapConfig { Scale = scale, Space = space };
        var model = new ModelConfig { Image = s_image, Text = null, Decoder = new() { Layers = 1, Heads = 2, Hidden = 8 }, Heads = new() { Init = HeadInit.Random } };
        using var network = new DwarfNetwork(model, ["A"], DType.F64, seed: 4);
        var head = network.Head("A");
        var labels = Engine.Tensors.Tensor.From<long>([Rows], [1, 0, 1, -1, 1]);
        var logits = InputValues.Make([Rows, 1, 2], "float", null, seed: 1);
        var raw = InputValues.Make([Rows, 1, Grid * Grid], "float", "range:0.01:0.3", seed: 2);
        var masks = InputValues.Make([Rows, Pixels, Pixels], "float", "binary", seed: 3);

        using var tape = new Tape(_cpu);
        var (l, m) = (tape.Leaf(logits), tape.Leaf(raw));
        var parts = DwarfLoss.Compute(tape, l, m, labels, masks, head, s_image, map, loss);
        tape.Backward(parts.Total);

        using var scope = NewDisposeScope();
        Parameter[] parameters = [.. head.Parameters];
        var leaves = new[] { logits, raw, parameters[0].Value, parameters[1].Value }.Select(t => TorchTensors.To(t).requires_grad_(true)).ToArray();
        var expected = Torch(leaves, TorchTensors.To(labels), TorchTensors.To(masks), map, loss);
        var gradients = autograd.grad([expected], leaves, allow_unused: true);

        Close.Assert(parts.Total.Value, TorchTensors.From(expected), 1e-9, 0, "loss");
        Engine.Tensors.Tensor?[] found = [l.Grad, m.Grad, parameters[0].Grad, parameters[1].Grad];
        for (int i = 0; i < found.Length; i++)
        {
            // With λ = 1 the logits stand outside our graph, and in libtorch's with the weight 0.
            var expectedGradient = TorchTensors.From(gradients[i]!);
            Close.Assert(found[i] ?? new Engine.Tensors.Tensor(expectedGradient.Shape, DType.F64), expectedGradient, 1e-9, 0, $"gradient {i}");
        }
    }

    private static Tensor Torch(Tensor[] leaves, Tensor labels, Tensor masks, MapConfig map, LossConfig loss)
    {
        var classification = F.cross_entropy(leaves[0].reshape(Rows, 2), labels, ignore_index: -1);
        var rows = (loss.DiceOn == DiceOn.Positives ? labels.eq(1) : labels.ge(0)).nonzero().flatten();
        var (chosen, truth) = (leaves[1].reshape(Rows, Grid * Grid).index_select(0, rows), masks.index_select(0, rows).unsqueeze(1));

        var scaled = Operator("scale_map", new() { ["x"] = chosen }, ("by", map.Scale.ToString().ToLowerInvariant()));
        var z = map.Space == HeadSpace.Logit ? scaled.clamp(1e-4, 1 - 1e-4).logit() : scaled;
        var refined = F.linear(z, leaves[2], leaves[3]).reshape(-1, 1, Grid, Grid);
        if (loss.Grid == LossGrid.Pixels)
        {
            refined = F.interpolate(refined, size: [Pixels, Pixels], mode: InterpolationMode.Bilinear, align_corners: false);
        }
        else
        {
            truth = F.avg_pool2d(truth, Pixels / Grid);
        }

        var probability = map.Space == HeadSpace.Logit ? refined.sigmoid() : refined.clamp(0, 1);
        var dice = Operator(
            "fp_weighted_dice",
            new() { ["probability"] = probability.flatten(1), ["target"] = truth.flatten(1) },
            ("w_fp", FormattableString.Invariant($"{loss.WFp}")));
        return (loss.Lambda * dice) + ((1 - loss.Lambda) * classification);
    }

    private static Tensor Operator(string name, Dictionary<string, Tensor> inputs, params (string Name, string Text)[] attributes) =>
        TorchOperators.All[name](new TorchCall(inputs, attributes.ToDictionary(a => a.Name, a => a.Text))).Values.Single();
}
