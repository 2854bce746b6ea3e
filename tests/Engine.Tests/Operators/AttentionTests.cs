using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests.Operators;

public sealed class AttentionTests : IDisposable
{
    private const int B = 2, H = 3, S = 5, T = 21, D = 4;
    private readonly CpuDevice _cpu = new(2);
    private readonly Random _random = new(5);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.4, false)]
    [InlineData(0.4, true)]
    public void Output_and_map_are_those_of_plain_loops(double p, bool after)
    {
        using var tape = new Tape(_cpu) { Recording = false };
        var (q, k, v) = (Normal([B, H, S, D]), Normal([B, H, T, D]), Normal([B, H, T, D]));
        var mask = Tensor.From<bool>([B, T], [.. Enumerable.Range(0, B * T).Select(i => i % 4 != 1)]);
        var (y, map) = tape.CrossAttention(
            tape.Constant(q), tape.Constant(k), tape.Constant(v), tape.Constant(mask), 0.7, p, seed: 9, offset: 2, mapAfterDropout: after);
        var plain = tape.Attention(tape.Constant(q), tape.Constant(k), tape.Constant(v), tape.Constant(mask), 0.7, p, seed: 9, offset: 2);
        Assert.Equal(y.Value.ToArray<double>(), plain.Value.ToArray<double>());

        var expectedMap = new double[B * S * T];
        for (int row = 0; row < B * H * S; row++)
        {
            int batch = row / (H * S), head = row / S;
            var weights = new double[T];
            for (int j = 0; j < T; j++)
            {
                double score = 0;
                for (int i = 0; i < D; i++)
                {
                    score += q.Span<double>()[(row * D) + i] * k.Span<double>()[(((head * T) + j) * D) + i];
                }

                weights[j] = mask.Span<byte>()[(batch * T) + j] == 0 ? 0 : Math.Exp(0.7 * score);
            }

            double sum = weights.Sum();
            var output = new double[D];
            for (int j = 0; j < T; j++)
            {
                double kept = Philox.Uniform(9, (ulong)(2 + (row * T) + j)) >= p ? 1 / (1 - p) : 0;
                double weight = weights[j] / sum;
                expectedMap[(((batch * S) + (row % S)) * T) + j] += (after ? weight * kept : weight) / H;
                for (int i = 0; i < D; i++)
                {
                    output[i] += weight * kept * v.Span<double>()[(((head * T) + j) * D) + i];
                }
            }

            AssertClose(output, y.Value.Span<double>().Slice(row * D, D));
        }

        AssertClose(expectedMap, map.Value.Span<double>());
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F64)]
    public void Packed_self_attention_is_attention_bit_for_bit(DType dtype)
    {
        using var tape = new Tape(_cpu);
        var qkv = tape.Leaf(Normal([B, S, 3 * H * D]).To(dtype));
        var mask = tape.Constant(Tensor.From<bool>([B, S], [true, true, false, true, true, false, true, true, true, false]));
        Variable[] split = [.. Enumerable.Range(0, 3).Select(i => tape.Leaf(Split(qkv.Value, i, 3)))];
        var packed = tape.SelfAttention(qkv, H, mask, 0.2, 7, 3);
        var apart = tape.Attention(split[0], split[1], split[2], mask, null, 0.2, 7, 3);
        AssertSame(apart.Value, Split(packed.Value, 0, 1));

        var dy = Normal([B, S, H * D]).To(dtype);
        tape.Backward([packed, apart], [dy, Split(dy, 0, 1)]);
        for (int i = 0; i < 3; i++)
        {
            AssertSame(split[i].Grad!, Split(qkv.Grad!, i, 3));
        }
    }

    [Theory]
    [InlineData(DType.F32, true, true)]
    [InlineData(DType.F64, true, false)]
    [InlineData(DType.F64, false, true)]
    public void Packed_cross_attention_is_cross_attention_bit_for_bit(DType dtype, bool throughY, bool throughMap)
    {
        using var tape = new Tape(_cpu);
        var (q, kv) = (tape.Leaf(Normal([B, S, H * D]).To(dtype)), tape.Leaf(Normal([B, T, 2 * H * D]).To(dtype)));
        Variable[] split = [tape.Leaf(Split(q.Value, 0, 1)), tape.Leaf(Split(kv.Value, 0, 2)), tape.Leaf(Split(kv.Value, 1, 2))];
        var (y, map) = tape.MultiHeadCrossAttention(q, kv, H);
        var (y4, map4) = tape.CrossAttention(split[0], split[1], split[2]);
        AssertSame(y4.Value, Split(y.Value, 0, 1));
        AssertSame(map4.Value, map.Value);
        AssertSame(y4.Value, Split(tape.MultiHeadAttention(q, kv, H).Value, 0, 1));

        var (dy, dmap) = (Normal([B, S, H * D]).To(dtype), Normal([B, S, T]).To(dtype));
        var (roots, gradients) = (new List<Variable>(), new List<Tensor>());
        if (throughY)
        {
            roots.AddRange([y, y4]);
            gradients.AddRange([dy, Split(dy, 0, 1)]);
        }

        if (throughMap)
        {
            roots.AddRange([map, map4]);
            gradients.AddRange([dmap, dmap]);
        }

        tape.Backward(roots.ToArray(), gradients.ToArray());
        AssertSame(split[0].Grad!, Split(q.Grad!, 0, 1));
        AssertSame(split[1].Grad!, Split(kv.Grad!, 0, 2));
        AssertSame(split[2].Grad!, Split(kv.Grad!, 1, 2));
    }

    [Fact]
    public void Heads_must_divide_the_width()
    {
        using var tape = new Tape(_cpu);
        var error = Assert.Throws<ShapeException>(() => tape.SelfAttention(tape.Constant(Normal([1, 2, 24])), 5));
        Assert.Equal("self_attention: the last axis of qkv must be a multiple of 3 x 5 heads, found [1,2,24]", error.Message);
    }

    private static Tensor Split(Tensor packed, int part, int parts)
    {
        long rows = packed.Shape[1], width = packed.Shape[2] / parts, d = width / H;
        var split = new Tensor([packed.Shape[0], H, rows, d], packed.DType);
        int size = packed.DType.Size();
        for (long i = 0; i < split.Count; i++)
        {
            long column = i % d, row = i / d % rows, head = i / d / rows % H, batch = i / d / rows / H;
            long from = (((batch * rows) + row) * packed.Shape[2]) + (part * width) + (head * d) + column;
            packed.ByteSpan(from * size, size).CopyTo(split.ByteSpan(i * size, size));
        }

        return split;
    }

    private Tensor Normal(Shape shape)
    {
        var tensor = new Tensor(shape, DType.F64);
        foreach (ref double value in tensor.Span<double>())
        {
            value = 2 * (_random.NextDouble() + _random.NextDouble() - 1);
        }

        return tensor;
    }

    private static void AssertSame(Tensor expected, Tensor found)
    {
        Assert.Equal(expected.Shape, found.Shape);
        Assert.True(expected.ByteSpan(0, (int)expected.Bytes).SequenceEqual(found.ByteSpan(0, (int)found.Bytes)));
    }

    private static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<double> found)
    {
        Assert.Equal(expected.Length, found.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], 12);
        }
    }
}
