using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

public sealed class MovementTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void Permute_takes_axis_k_from_dims_k()
    {
        using var tape = new Tape(_cpu);
        var x = Counted([2, 3, 4, 5]);
        var y = tape.Permute(tape.Constant(x), 3, 0, -2, 1).Value;
        Assert.Equal(Shape.Of([5, 2, 4, 3]), y.Shape);
        int at = 0;
        for (int i = 0; i < 5; i++)
        {
            for (int j = 0; j < 2; j++)
            {
                for (int k = 0; k < 4; k++)
                {
                    for (int l = 0; l < 3; l++)
                    {
                        Assert.Equal((((((j * 3) + l) * 4) + k) * 5) + i, y.Span<double>()[at++]);
                    }
                }
            }
        }
    }

    [Fact]
    public void Concat_and_slice_are_inverse_and_split_the_gradient()
    {
        using var tape = new Tape(_cpu);
        var (a, b) = (tape.Leaf(Counted([2, 1, 2])), tape.Leaf(Counted([2, 3, 2])));
        var joined = tape.Concat(1, a, b);
        Assert.Equal([0, 1, 0, 1, 2, 3, 4, 5, 2, 3, 6, 7, 8, 9, 10, 11], joined.Value.ToArray<double>());
        var back = tape.Slice(joined, -2, -3, long.MaxValue);
        Assert.Equal(b.Value.ToArray<double>(), back.Value.ToArray<double>());
        var middle = tape.Slice(joined, 1, 1, 3);
        Assert.Equal([0, 1, 2, 3, 6, 7, 8, 9], middle.Value.ToArray<double>());

        tape.Backward([back, middle], [Counted([2, 3, 2]), Counted([2, 2, 2])]);
        Assert.Equal([0, 0, 0, 0], a.Grad!.ToArray<double>());
        Assert.Equal([0, 2, 4, 6, 4, 5, 10, 12, 14, 16, 10, 11], b.Grad!.ToArray<double>());
    }

    [Fact]
    public void Embedding_picks_rows_and_adds_their_gradients()
    {
        using var tape = new Tape(_cpu);
        var weight = tape.Leaf(Counted([3, 2]));
        var y = tape.Keep(tape.Embedding(tape.Constant(Tensor.From<long>([4], [2, 0, 2, 2])), weight));
        Assert.Equal([4, 5, 0, 1, 4, 5, 4, 5], y.Value.ToArray<double>());
        tape.Backward([y], [Counted([4, 2])]);
        Assert.Equal([2, 3, 0, 0, 10, 13], weight.Grad!.ToArray<double>());
    }

    [Fact]
    public void Patches_meet_the_weight_row_major_with_cls_first()
    {
        using var tape = new Tape(_cpu);
        var image = Counted([1, 2, 4, 6]);
        var weight = Counted([1, 2, 2, 2]);
        var y = tape.PatchEmbedding(
            tape.Constant(image),
            tape.Constant(weight),
            tape.Constant(Tensor.From<double>([1], [0.5])),
            tape.Constant(Tensor.From<double>([1, 1, 1], [7])),
            tape.Constant(Tensor.From<double>([1, 7, 1], [100, 200, 300, 400, 500, 600, 700])));
        var expected = new double[7];
        expected[0] = 107;
        for (int patch = 0; patch < 6; patch++)
        {
            expected[patch + 1] = (100 * (patch + 2)) + 0.5;
            for (int i = 0; i < 8; i++)
            {
                int channel = i / 4, row = (patch / 3 * 2) + (i / 2 % 2), column = (patch % 3 * 2) + (i % 2);
                expected[patch + 1] += i * ((((channel * 4) + row) * 6) + column);
            }
        }

        Assert.Equal(expected, y.Value.ToArray<double>());
    }

    private static Tensor Counted(Shape shape) =>
        Tensor.From<double>(shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => (double)i)]);
}
