using Engine.Autograd;
using Engine.Autograd.Operators;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

/// <summary>Convolution, batch norm and max pooling where the rows of the operator table do not reach.</summary>
public sealed class WindowTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData("x[1,3,90,89] weight[2,3,7,7]", "padding=3")]               // more columns than one tile holds, forward and backward
    [InlineData("x[1,40,60,61] weight[3,40,3,3]", "stride=1,2 padding=1,0")]
    public void A_convolution_of_many_tiles_equals_its_definition(string inputs, string attributes)
    {
        var row = new OperatorCase("conv2d", inputs, attributes);
        var tensors = row.Tensors();
        var shape = OperatorRunner.Run(_cpu, row.Info(), tensors, row.AttributeTexts(), DType.F64)["y"].Shape;
        tensors["cotangent.y"] = InputValues.Make(shape, "float", null, 9);
        var found = OperatorRunner.Run(_cpu, row.Info(), tensors, row.AttributeTexts(), DType.F64);
        foreach (var (name, expected) in Definition(tensors, row.AttributeTexts()))
        {
            Close.Assert(found[name], expected, 1e-12, 0, $"{row}: {name}");
        }
    }

    [Fact]
    public void The_first_of_equal_maxima_gets_the_gradient_and_padding_never_wins()
    {
        var found = Pool([1, 1, 2, 3], [-2, -2, -5, -2, -2, -5], "2", "1", "1");
        Assert.Equal([-2, -2, -2, -5, -2, -2, -2, -5, -2, -2, -2, -5], Close.Doubles(found["y"]));

        // By row-major order of each window: the first pixel of those it sees.
        Assert.Equal([4, 2, 2, 2, 1, 1], Close.Doubles(found["grad.x"]));
    }

    [Fact]
    public void NaN_wins_and_minus_infinity_is_a_value()
    {
        var found = Pool([1, 1, 2, 2], [1, double.NaN, 3, 2], "2", "2", "0");
        Assert.True(double.IsNaN(Close.Doubles(found["y"])[0]));
        Assert.Equal([0, 1, 0, 0], Close.Doubles(found["grad.x"]));
        found = Pool([1, 1, 1, 2], [double.NegativeInfinity, double.NegativeInfinity], "1,2", "1", "0");
        Assert.Equal([double.NegativeInfinity], Close.Doubles(found["y"]));
        Assert.Equal([1, 0], Close.Doubles(found["grad.x"]));
    }

    [Fact]
    public void Training_moves_the_running_averages_by_the_unbiased_variance_and_evaluation_does_not()
    {
        using var tape = new Tape(_cpu);
        var x = tape.Constant(Tensor.From<double>([4, 1], [1, 2, 3, 6]));       // mean 3, variance 14 / 4, unbiased 14 / 3
        var (mean, variance) = (Tensor.From<double>([1], [10]), Tensor.From<double>([1], [2]));
        var y = tape.BatchNorm(x, null, null, mean, variance, training: true, momentum: 0.25, eps: 0);
        Assert.Equal((0.75 * 10) + (0.25 * 3), mean.Item(), 1e-14);
        Assert.Equal((0.75 * 2) + (0.25 * 14 / 3), variance.Item(), 1e-14);
        Assert.Equal((6 - 3) / Math.Sqrt(3.5), y.Value.Span<double>()[3], 1e-14);
        var (before, spread) = (mean.Item(), variance.Item());
        y = tape.BatchNorm(x, null, null, mean, variance);
        Assert.Equal((before, spread), (mean.Item(), variance.Item()));
        Assert.Equal((1 - before) / Math.Sqrt(spread + 1e-5), y.Value.Span<double>()[0], 1e-14);
    }

    [Fact]
    public void An_empty_batch_leaves_the_running_averages_alone()
    {
        using var tape = new Tape(_cpu);
        var (mean, variance) = (Tensor.From<float>([2], [3, 4]), Tensor.From<float>([2], [5, 6]));
        var y = tape.BatchNorm(tape.Constant(new Tensor([0, 2, 3], DType.F32)), null, null, mean, variance, training: true);
        Assert.Equal(new Shape([0, 2, 3]), y.Shape);
        Assert.Equal([3, 4], mean.ToArray<float>());
        Assert.Equal([5, 6], variance.ToArray<float>());
    }

    [Fact]
    public void Evaluation_saves_x_only_where_the_weight_wants_its_gradient()
    {
        using var tape = new Tape(_cpu);
        using var other = new Tape(_cpu);
        Assert.True(Reserved(tape, frozen: true) < Reserved(other, frozen: false));
    }

    /// <summary>Memory of two norms over a relu's output: with frozen weights the second's input may be used again.</summary>
    private static long Reserved(Tape tape, bool frozen)
    {
        var (mean, variance) = (new Tensor([4], DType.F32), Tensor.From<float>([4], [1, 1, 1, 1]));
        var ones = Tensor.From<float>([4], [1, 1, 1, 1]);
        var weight = frozen ? tape.Constant(ones) : tape.Leaf(ones);
        var h = tape.Leaf(new Tensor([8, 4, 64, 64], DType.F32));
        for (int i = 0; i < 6; i++)
        {
            var next = tape.BatchNorm(h, weight, null, mean, variance);
            if (i > 0)
            {
                tape.Release(h.Value);      // as a network does that has no other use for it
            }

            h = next;
        }

        return tape.ReservedBytes;
    }

    private Dictionary<string, Tensor> Pool(Shape shape, double[] values, string kernel, string stride, string padding)
    {
        var info = OperatorRunner.Find("max_pool2d");
        var attributes = new Dictionary<string, string> { ["kernel_size"] = kernel, ["stride"] = stride, ["padding"] = padding };
        var tensors = new Dictionary<string, Tensor> { ["x"] = Tensor.From<double>(shape, values) };
        var y = OperatorRunner.Run(_cpu, info, tensors, attributes, DType.F64)["y"];
        var ones = new Tensor(y.Shape, DType.F64);
        ones.Span<double>().Fill(1);
        tensors["cotangent.y"] = ones;
        return OperatorRunner.Run(_cpu, info, tensors, attributes, DType.F64);
    }

    /// <summary>Seven loops, as the formula stands.</summary>
    private static Dictionary<string, Tensor> Definition(Dictionary<string, Tensor> tensors, Dictionary<string, string> attributes)
    {
        var (x, weight, dy) = (tensors["x"], tensors["weight"], tensors["cotangent.y"]);
        var (dx, dweight, y) = (new Tensor(x.Shape, DType.F64), new Tensor(weight.Shape, DType.F64), new Tensor(dy.Shape, DType.F64));
        var (stride, padding) = (Pair(attributes, "stride", 1), Pair(attributes, "padding", 0));
        int channels = (int)x.Shape[1], h = (int)x.Shape[2], w = (int)x.Shape[3], ky = (int)weight.Shape[2], kx = (int)weight.Shape[3];
        int outputs = (int)y.Shape[1], down = (int)y.Shape[2], across = (int)y.Shape[3];
        for (int i = 0; i < y.Count; i++)
        {
            int column = i % across, line = i / across % down, output = i / across / down % outputs, image = i / across / down / outputs;
            for (int k = 0; k < channels * ky * kx; k++)
            {
                int v = k % kx, u = k / kx % ky, channel = k / kx / ky;
                int row = (line * stride.Y) + u - padding.Y, place = (column * stride.X) + v - padding.X;
                if (row < 0 || row >= h || place < 0 || place >= w)
                {
                    continue;
                }

                int at = (((((image * channels) + channel) * h) + row) * w) + place, cell = (output * channels * ky * kx) + k;
                y.Span<double>()[i] += weight.Span<double>()[cell] * x.Span<double>()[at];
                dweight.Span<double>()[cell] += dy.Span<double>()[i] * x.Span<double>()[at];
                dx.Span<double>()[at] += dy.Span<double>()[i] * weight.Span<double>()[cell];
            }
        }

        return new() { ["y"] = y, ["grad.x"] = dx, ["grad.weight"] = dweight };
    }

    private static (int Y, int X) Pair(Dictionary<string, string> attributes, string name, int fallback)
    {
        int[] numbers = attributes.TryGetValue(name, out string? text) ? [.. text.Split(',').Select(int.Parse)] : [fallback];
        return (numbers[0], numbers[^1]);
    }
}
