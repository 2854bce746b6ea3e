using Engine.Autograd;
using Engine.Kernels;
using Engine.Kernels.Operators;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

/// <summary>Corners of softmax, scale_map, logit, dropout and resizing that a random row does not reach.</summary>
public sealed class MapTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);
    private readonly Tape _tape;

    public MapTests() => _tape = new Tape(_cpu);

    public void Dispose()
    {
        _tape.Dispose();
        _cpu.Dispose();
    }

    [Fact]
    public void A_softmax_row_of_minus_infinity_gives_zeros_and_zero_gradient_and_leaves_the_others_alone()
    {
        const float none = float.NegativeInfinity;
        var x = _tape.Leaf(Tensor.From<float>([2, 3], [none, none, none, 0, none, 0]));
        var y = _tape.Keep(_tape.Softmax(x));
        Assert.Equal([0, 0, 0, 0.5f, 0, 0.5f], y.Value.ToArray<float>());
        _tape.Backward([y], [Tensor.From<float>([2, 3], [1, 2, 3, 1, 2, 3])]);
        Assert.Equal([0, 0, 0, -0.5f, 0, 0.5f], x.Grad!.ToArray<float>());
    }

    [Fact]
    public void A_softmax_row_with_NaN_is_NaN()
    {
        var y = _tape.Softmax(_tape.Constant(Tensor.From<float>([1, 2], [float.NegativeInfinity, float.NaN])));
        Assert.All(y.Value.ToArray<float>(), v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void The_gradient_of_a_tied_maximum_goes_to_the_first_place()
    {
        var x = _tape.Leaf(Tensor.From<double>([1, 3], [1, 4, 4]));
        var y = _tape.ScaleMap(x);
        Assert.Equal([0.25, 1, 1], y.Value.ToArray<double>());
        _tape.Backward([y], [Tensor.From<double>([1, 3], [1, 1, 1])]);
        Assert.Equal([0.25, 0.25 - (2.25 / 4), 0.25], x.Grad!.ToArray<double>());
    }

    [Fact]
    public void A_flat_map_scaled_to_its_range_gives_zeros_and_zero_gradient()
    {
        var x = _tape.Leaf(Tensor.From<float>([2, 3], [5, 5, 5, 0, 1, 2]));
        var y = _tape.ScaleMap(x, MapScale.Minmax);
        Assert.Equal([0, 0, 0, 0, 0.5f, 1], y.Value.ToArray<float>());
        _tape.Backward([y], [Tensor.From<float>([2, 3], [1, 2, 3, 0, 1, 0])]);
        Assert.Equal([0, 0, 0, -0.25f, 0.5f, -0.25f], x.Grad!.ToArray<float>());
    }

    [Fact]
    public void A_map_with_NaN_is_NaN_throughout()
    {
        foreach (var by in (MapScale[])[MapScale.Max, MapScale.Minmax])
        {
            var y = _tape.ScaleMap(_tape.Constant(Tensor.From<float>([1, 3], [1, float.NaN, 2])), by);
            Assert.All(y.Value.ToArray<float>(), v => Assert.True(float.IsNaN(v)));
        }
    }

    [Fact]
    public void Logit_clips_and_has_a_gradient_inside_the_range_only()
    {
        var x = _tape.Leaf(Tensor.From<double>([5], [0, 1e-4, 0.5, 0.99995, 1]));
        var y = _tape.Logit(x, 1e-4);
        double end = Math.Log(1e-4 / (1 - 1e-4));
        Assert.Equal([end, end, 0, -end, -end], y.Value.ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-11);
        _tape.Backward([y], [Tensor.From<double>([5], [1, 1, 1, 1, 1])]);
        Assert.Equal([0, 1 / (1e-4 * (1 - 1e-4)), 4, 0, 0], x.Grad!.ToArray<double>(), (a, b) => Math.Abs(a - b) < 1e-8);
    }

    [Fact]
    public void Dropout_keeps_the_share_it_should_and_moves_with_its_offset()
    {
        var ones = new Tensor([100000], DType.F32);
        ones.Span<float>().Fill(1);
        var y = _tape.Dropout(_tape.Constant(ones), 0.25, seed: 9, offset: 0).Value.ToArray<float>();
        Assert.All(y, v => Assert.True(v is 0 or (float)(4.0 / 3)));
        Assert.InRange(y.Count(v => v == 0), 24500, 25500);
        var shifted = _tape.Dropout(_tape.Constant(ones), 0.25, seed: 9, offset: 3).Value.ToArray<float>();
        Assert.Equal(y[3..], shifted[..^3]);
    }

    [Fact]
    public void Resizing_a_ramp_stays_a_ramp_between_pixel_centres_and_flat_beyond_them()
    {
        var x = _tape.Constant(Tensor.From<double>([1, 1, 1, 2], [0, 4]));
        var y = _tape.BilinearResize(x, 1, 8);
        Assert.Equal([0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4], y.Value.ToArray<double>());
    }

    [Fact]
    public void A_mean_of_large_numbers_in_single_precision_keeps_seven_digits()
    {
        var x = new Tensor([1_000_003], DType.F32);
        x.Span<float>().Fill(16777.215f);
        Assert.Equal(16777.215, _tape.ReduceMean(_tape.Constant(x)).Value.Item(), 0.005);
        var two = new Tensor([400_003, 2], DType.F32);
        two.Span<float>().Fill(16777.215f);
        var rows = _tape.ReduceSum(_tape.ReduceMean(_tape.Constant(two), [0]));
        Assert.Equal(2 * 16777.215, rows.Value.Item(), 0.01);
    }
}
