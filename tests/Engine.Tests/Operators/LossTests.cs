using CsCheck;
using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

public sealed class LossTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);
    private readonly Tape _tape;

    public LossTests() => _tape = new Tape(_cpu);

    public void Dispose()
    {
        _tape.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void The_dice_loss_is_one_minus_the_score_of_the_papers_equations() =>
        Gen.Select(Gen.Double[0, 1].Array[9], Gen.Double[0, 1].Array[9], Gen.Double[0, 5], Gen.Double[0.1, 3]).Sample((p, y, w, alpha) =>
        {
            double tp = 0, fp = 0;
            for (int i = 0; i < 9; i++)
            {
                tp += p[i] * y[i];
                fp += p[i] * (1 - y[i]);
            }

            double score = ((2 * tp) + alpha + 1e-3) / (p.Sum() + y.Sum() + ((w - 1) * fp) + alpha + 1e-3);
            double loss = Loss(tape => tape.FpWeightedDice(Constant([1, 9], p), Constant([1, 9], y), w, alpha, 1e-3));
            Assert.Equal(1 - score, loss, 1e-12);
        }, threads: 1);

    [Fact]
    public void Without_smoothing_the_dice_score_is_Tverskys_with_half_the_weight_and_one_half() =>
        Gen.Select(Gen.Double[0.05, 0.95].Array[7], Gen.Bool.Array[7], Gen.Double[0.5, 5]).Sample((p, bits, w) =>
        {
            double[] y = [.. bits.Select((b, i) => b || i == 0 ? 1.0 : 0)];
            double tp = p.Zip(y, (a, b) => a * b).Sum(), fp = p.Sum() - tp, fn = y.Sum() - tp;
            double tversky = tp / (tp + (w / 2 * fp) + (fn / 2));
            Assert.Equal(1 - tversky, Loss(tape => tape.FpWeightedDice(Constant([1, 7], p), Constant([1, 7], y), w, 0, 0)), 1e-12);
        }, threads: 1);

    [Fact]
    public void A_weight_of_one_is_plain_dice_and_a_larger_one_costs_false_positives_more()
    {
        double[] p = [0.9, 0.2, 0.4], y = [1, 0, 0];
        Assert.Equal(1 - (2 * 0.9 / (1.5 + 1)), Dice(1), 1e-12);
        Assert.Equal(1 - (2 * 0.9 / (1.5 + 1 + 0.6)), Dice(2), 1e-12);

        double Dice(double w) => Loss(tape => tape.FpWeightedDice(Constant([1, 3], p), Constant([1, 3], y), w, 0, 0));
    }

    [Fact]
    public void A_nearly_perfect_dice_keeps_its_digits_in_single_precision()
    {
        // 1 - score in f32 would leave one or two digits of this loss.
        var logits = Tensor.From<double>([1, 4], [12, 13, -12, -14]);
        var target = Tensor.From<double>([1, 4], [1, 1, 0, 0]);
        double exact = Loss(tape => tape.FpWeightedDiceWithLogits(tape.Constant(logits), tape.Constant(target)));
        var (logits32, target32) = (logits.To(DType.F32), target.To(DType.F32));
        double single = Loss(tape => tape.FpWeightedDiceWithLogits(tape.Constant(logits32), tape.Constant(target32)));
        Assert.InRange(exact, 1e-6, 1e-5);
        Assert.Equal(exact, single, exact * 1e-6);
    }

    [Theory]
    [InlineData(80, 1)]
    [InlineData(-80, 0)]
    [InlineData(-80, 1)]
    [InlineData(80, 0)]
    public void Losses_of_logits_as_large_as_80_are_finite_and_right(double logit, double target)
    {
        bool right = logit > 0 == target > 0;
        double bce = Loss(tape => tape.BceWithLogits(Single([1], logit), Single([1], target)));
        double ce = Loss(tape => tape.CrossEntropy(Single([1, 2], 0, logit), tape.Constant(Tensor.From<long>([1], [(long)target]))));
        double expected = right ? Math.Exp(-80) : 80;
        Assert.Equal(expected, bce, expected * 1e-6);
        Assert.Equal(expected, ce, expected * 1e-6);
    }

    [Fact]
    public void The_mean_of_cross_entropy_over_nothing_is_zero_with_zero_gradient()
    {
        var logits = _tape.Leaf(Tensor.From<float>([2, 3], [1, 2, 3, 4, 5, float.NegativeInfinity]));
        var loss = _tape.CrossEntropy(logits, _tape.Constant(Tensor.From<long>([2], [-1, -1])));
        Assert.Equal(0, loss.Value.Item());
        _tape.Backward(loss);
        Assert.Equal(new float[6], logits.Grad!.ToArray<float>());
    }

    [Fact]
    public void Cross_entropy_divides_by_the_rows_that_count()
    {
        var target = _tape.Constant(Tensor.From<long>([3], [0, -1, 1]));
        var logits = _tape.Leaf(Tensor.From<double>([3, 2], [0, 0, 9, 9, 0, 0]));
        var loss = _tape.CrossEntropy(logits, target);
        Assert.Equal(Math.Log(2), loss.Value.Item(), 1e-12);
        _tape.Backward(loss);
        Assert.Equal([-0.25, 0.25, 0, 0, 0.25, -0.25], logits.Grad!.ToArray<double>());
    }

    [Fact]
    public void A_target_that_wants_a_gradient_is_refused()
    {
        var leaf = _tape.Leaf(Tensor.From<double>([1, 2], [0, 1]));
        var error = Assert.Throws<DwarfException>(() => _tape.BceWithLogits(leaf, leaf));
        Assert.Equal("bce_with_logits: target has no gradient, but it wants one; give it as a constant", error.Message);
    }

    [Fact]
    public void Resized_dice_gives_the_bits_of_resizing_first()
    {
        var row = OperatorCases.Find("resized_dice logits[3,14,14] target[3,56,56] w_fp=2 target=blocks:4");
        var (logits, target) = (row.Tensors()["logits"].To(DType.F32), row.Tensors()["target"].To(DType.F32));
        var whole = _tape.Leaf(logits);
        var loss = _tape.Keep(_tape.ResizedDice(whole, _tape.Constant(target), 2));
        _tape.Backward(loss);

        using var other = new Tape(_cpu);
        var parts = other.Leaf(logits);
        var pixels = other.Reshape(other.BilinearResize(other.Reshape(parts, [3, 1, 14, 14]), 56, 56), [3, 56 * 56]);
        var composed = other.Keep(other.FpWeightedDiceWithLogits(pixels, other.Constant(target.View([3, 56 * 56])), 2));
        other.Backward(composed);
        Assert.Equal(composed.Value.Item(), loss.Value.Item());
        Assert.Equal(parts.Grad!.ToArray<float>(), whole.Grad!.ToArray<float>());
    }

    private Variable Constant(Shape shape, double[] values) => _tape.Constant(Tensor.From<double>(shape, values));

    private Variable Single(Shape shape, params double[] values) => _tape.Constant(Tensor.From<double>(shape, values).To(DType.F32));

    private double Loss(Func<Tape, Variable> loss)
    {
        double value = loss(_tape).Value.Item();
        _tape.Reset();
        return value;
    }
}
