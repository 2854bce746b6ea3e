using Dwarf.Model;
using Engine.Autograd;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Xunit;

namespace Dwarf.Tests.Model;

public sealed class LossTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);
    private readonly DwarfNetwork _network = TinyModel.Network();
    private readonly Tensor _image = TinyModel.Random([4, 3, 12, 12], "image");
    private readonly Tensor _feature = TinyModel.Random([1, 8], "feature");
    private readonly Tensor _masks = TinyModel.Mask([4, 12, 12], "masks");
    private readonly Tensor _labels = TinyModel.Longs([4], 1, 0, 1, -1);

    public void Dispose()
    {
        _network.Dispose();
        _cpu.Dispose();
    }

    public static TheoryData<HeadKind, HeadInit, LossGrid, HeadSpace, DiceOn, MapScale> Choices => new()
    {
        { HeadKind.Linear, HeadInit.Random, LossGrid.Pixels, HeadSpace.Logit, DiceOn.Positives, MapScale.Max },
        { HeadKind.Conv3, HeadInit.Random, LossGrid.Patches, HeadSpace.Logit, DiceOn.All, MapScale.Minmax },
        { HeadKind.Conv1, HeadInit.Identity, LossGrid.Pixels, HeadSpace.Linear, DiceOn.Positives, MapScale.None },
    };

    [Theory, MemberData(nameof(Choices))]
    public void The_whole_loss_passes_the_gradient_check_from_pixels_to_dice(
        HeadKind kind, HeadInit init, LossGrid grid, HeadSpace space, DiceOn rows, MapScale scale)
    {
        // Unscaled maps stay inside (0, 1), away from the kinks of the clamp, as long as the head is the identity.
        using var network = TinyModel.Network(TinyModel.Config with { Heads = new HeadConfig { Kind = kind, Init = init } });
        var ids = TinyModel.Longs([1, 5], 3, 9, 4, 1, 0);
        var shown = TinyModel.Longs([1, 5], 1, 1, 1, 1, 0);
        var map = new MapConfig { Scale = scale, Space = space };
        var loss = new LossConfig { Lambda = 0.6, WFp = 2.5, Grid = grid, DiceOn = rows };
        var comparisons = GradientCheck.Run(
            _cpu,
            (tape, leaves) =>
            {
                var features = network.Text!.Forward(tape, ids, shown);
                var (logits, maps) = network.Forward(tape, leaves[0], features);
                return [DwarfLoss.Compute(tape, logits, maps, _labels, _masks, network.Head("A"), network.Config.Image, map, loss).Total];
            },
            [_image],
            network.Parameters.Parameters,
            new GradientCheckOptions { Samples = 12, Step = 2e-6 });
        Assert.Equal(network.Parameters.Parameters.Count + 1, comparisons.Count);
        Assert.All(comparisons, c => Assert.True(c.RelativeError <= 1e-6, $"{c.Name}: {c.RelativeError:g3}"));
        var heads = comparisons.Where(c => c.Name.StartsWith("heads.A", StringComparison.Ordinal));
        Assert.All(heads, c => Assert.Contains(c.Backward, v => v != 0));
    }

    [Fact]
    public void The_identity_head_leaves_the_scaled_map_unchanged_at_step_0()
    {
        foreach (var kind in Enum.GetValues<HeadKind>())
        {
            using var network = TinyModel.Network(TinyModel.Config with { Heads = new HeadConfig { Kind = kind } });
            using var tape = new Tape(_cpu) { Recording = false };
            var map = tape.Constant(TinyModel.Random([2, 9], "map"));
            var values = map.Value.Span<double>();
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = Math.Abs(values[i]);
            }

            var config = new MapConfig();
            var refined = MapRefinement.Refine(tape, map, network.Head("A"), config);
            double[] seen = TinyModel.Doubles(MapRefinement.Seen(tape, refined, config).Value);
            for (int i = 0; i < seen.Length; i++)
            {
                double scaled = values[i] / values.Slice(i / 9 * 9, 9).ToArray().Max();
                Assert.Equal(Math.Clamp(scaled, 1e-4, 1 - 1e-4), seen[i], 1e-12);
            }
        }
    }

    [Fact]
    public void The_loss_is_the_papers_equations()
    {
        var (lambda, w, alpha, epsilon) = (0.3, 2.5, 1.0, 1e-6);
        var map = new MapConfig();
        using var tape = new Tape(_cpu);
        var (logits, maps) = _network.Forward(tape, tape.Constant(_image), tape.Constant(_feature));
        var loss = DwarfLoss.Compute(tape, logits, maps, _labels, _masks, _network.Head("B"), _network.Config.Image, map,
            new LossConfig { Lambda = lambda, WFp = w, Alpha = alpha, Epsilon = epsilon });
        var refined = MapRefinement.Refine(tape, tape.Reshape(maps, [4, 9]), _network.Head("B"), map);
        var resized = MapRefinement.Resize(tape, refined, _network.Config.Image, 12, 12);
        double[] p = TinyModel.Doubles(MapRefinement.Seen(tape, resized, map).Value);
        double[] y = TinyModel.Doubles(_masks), z = TinyModel.Doubles(logits.Value);
        double dice = 0;
        foreach (int row in (int[])[0, 2])
        {
            var (tp, fp, sum) = (0.0, 0.0, 0.0);
            for (int i = row * 144; i < (row + 1) * 144; i++)
            {
                tp += p[i] * y[i];
                fp += p[i] * (1 - y[i]);
                sum += p[i] + y[i];
            }

            dice += ((2 * tp) + alpha + epsilon) / (sum + ((w - 1) * fp) + alpha + epsilon) / 2;
        }

        double Entropy(int row, int label) => Math.Log(Math.Exp(z[2 * row]) + Math.Exp(z[(2 * row) + 1])) - z[(2 * row) + label];
        double entropy = (Entropy(0, 1) + Entropy(1, 0) + Entropy(2, 1)) / 3;
        Assert.Equal(1 - dice, loss.Segmentation!.Value.Item(), 1e-12);
        Assert.Equal(entropy, loss.Classification!.Value.Item(), 1e-12);
        Assert.Equal((lambda * (1 - dice)) + ((1 - lambda) * entropy), loss.Total.Value.Item(), 1e-12);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(3.0)]
    public void Without_smoothing_the_score_is_tverskys_of_half_w_and_one_half(double w)
    {
        double[] p = [0.9, 0.2, 0.6, 0.1], y = [1, 0, 1, 1];
        double tp = p.Zip(y, (a, b) => a * b).Sum(), fp = p.Zip(y, (a, b) => a * (1 - b)).Sum(), fn = p.Zip(y, (a, b) => (1 - a) * b).Sum();
        using var tape = new Tape(_cpu) { Recording = false };
        var target = tape.Constant(Tensor.From<double>([1, 4], y));
        double loss = tape.FpWeightedDice(tape.Constant(Tensor.From<double>([1, 4], p)), target, w, 0, 0).Value.Item();
        Assert.Equal(1 - (tp / (tp + (w / 2 * fp) + (0.5 * fn))), loss, 1e-12);
        if (w == 1)
        {
            Assert.Equal(1 - (2 * tp / (p.Sum() + y.Sum())), loss, 1e-12);
        }
    }

    [Fact]
    public void Without_a_positive_the_dice_part_is_zero_and_the_head_gets_no_gradient()
    {
        using var tape = new Tape(_cpu);
        var labels = TinyModel.Longs([4], 0, 0, -1, 0);
        var loss = Loss(tape, labels, "A", new LossConfig { Lambda = 0.25 });
        Assert.Null(loss.Segmentation);
        Assert.Equal(0.75 * loss.Classification!.Value.Item(), loss.Total.Value.Item(), 1e-12);
        tape.Backward(loss.Total);
        Assert.All(_network.Head("A").Parameters, p => Assert.Null(p.Grad));
        Assert.NotNull(_network.Parameters.Find("model.mlp_head.0.weight")!.Grad);
    }

    [Fact]
    public void One_findings_loss_gives_the_other_heads_no_gradient()
    {
        using var tape = new Tape(_cpu);
        var loss = Loss(tape, _labels, "B", new LossConfig());
        tape.Backward(loss.Total);
        Assert.All(_network.Head("A").Parameters, p => Assert.Null(p.Grad));
        Assert.All(_network.Head("B").Parameters, p => Assert.NotNull(p.Grad));
    }

    [Fact]
    public void Frozen_parts_get_no_gradients()
    {
        _network.Freeze(["image_encoder", "model.decoder.layers.0.self_attn"]);
        using var tape = new Tape(_cpu);
        tape.Backward(Loss(tape, _labels, "A", new LossConfig()).Total);
        foreach (var parameter in _network.Parameters.Parameters)
        {
            bool frozen = parameter.Name.StartsWith("image_encoder", StringComparison.Ordinal)
                || parameter.Name.Contains("layers.0.self_attn", StringComparison.Ordinal);
            bool asked = !parameter.Name.StartsWith("text_encoder", StringComparison.Ordinal)
                && !parameter.Name.StartsWith("heads.B", StringComparison.Ordinal);
            Assert.True((parameter.Grad is not null) == (asked && !frozen), parameter.Name);
        }

        var error = Assert.Throws<DwarfException>(() => _network.Freeze(["image_encodr"]));
        Assert.Equal(ErrorKind.Configuration, error.Kind);
        Assert.Equal("no weight's name begins with 'image_encodr'; did you mean 'image_encoder'?", error.Message);
    }

    [Fact]
    public void Patch_targets_are_the_covered_share_of_each_patch()
    {
        using var tape = new Tape(_cpu);
        double[] mask = new double[25];
        mask[0] = mask[2] = mask[24] = 1;
        double[] found = TinyModel.Doubles(MaskRows.Average(tape, Tensor.From<double>([1, 25], mask), 5, 5, 2, 2));

        // A patch is 2.5 by 2.5 pixels: pixel 2 of the first row lies half in each upper patch.
        Assert.Equal([1.5 / 6.25, 0.5 / 6.25, 0, 1 / 6.25], found, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    private LossParts Loss(Tape tape, Tensor labels, string finding, LossConfig config)
    {
        var (logits, maps) = _network.Forward(tape, tape.Constant(_image), tape.Constant(_feature));
        return DwarfLoss.Compute(
            tape, logits, maps, labels, _masks, _network.Head(finding), _network.Config.Image, new MapConfig(), config);
    }
}
