using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>Attention at the sizes and in the layouts that the model uses, on the CUDA back end against the cpu in f64.</summary>
public sealed class AttentionTests(EmulatedDevice devices)
{
    private delegate Variable[] Call(Tape tape, Variable[] inputs, Variable? keyMask);

    [Theory]
    [InlineData(DType.BF16, 197, 12, 64, 0.0, false)]       // ViT-B
    [InlineData(DType.BF16, 40, 2, 64, 0.3, true)]
    [InlineData(DType.BF16, 256, 1, 32, 0.1, true)]
    [InlineData(DType.BF16, 17, 3, 16, 0.0, true)]
    [InlineData(DType.BF16, 1, 2, 64, 0.0, false)]
    [InlineData(DType.BF16, 70, 2, 24, 0.2, true)]          // d that the tensor cores' kernels do not take
    [InlineData(DType.F32, 197, 2, 64, 0.1, true)]
    [InlineData(DType.F64, 70, 2, 24, 0.2, true)]
    public void Packed_self_attention_agrees_with_cpu(DType dtype, int tokens, int heads, int depth, double dropout, bool isMasked)
        => Compare(
            dtype,
            [[2, tokens, 3 * heads * depth]],
            isMasked ? [2, tokens] : null,
            (tape, x, mask) => [tape.SelfAttention(x[0], heads, mask, dropout, seed: 5, offset: 3)]);

    [Theory]
    [InlineData(DType.BF16, 30, 50, 2, 32)]
    [InlineData(DType.BF16, 100, 20, 2, 16)]
    [InlineData(DType.F32, 45, 33, 3, 20)]
    public void Packed_attention_over_other_tokens_agrees_with_cpu(DType dtype, int queries, int keys, int heads, int depth)
        => Compare(
            dtype,
            [[2, queries, heads * depth], [2, keys, 2 * heads * depth]],
            [2, keys],
            (tape, x, mask) => [tape.MultiHeadAttention(x[0], x[1], heads, mask, 0.1, seed: -2)]);

    [Theory]
    [InlineData(DType.F64, 13, 196, 4, 192, 0.0, false)]    // DWARF's decoder
    [InlineData(DType.F32, 13, 196, 4, 192, 0.1, false)]
    [InlineData(DType.BF16, 13, 196, 4, 192, 0.0, false)]
    [InlineData(DType.BF16, 1, 196, 4, 192, 0.1, true)]
    [InlineData(DType.F32, 40, 70, 2, 8, 0.2, true)]        // more queries than one block holds
    [InlineData(DType.F32, 40, 70, 2, 8, 0.2, false)]
    [InlineData(DType.BF16, 40, 70, 2, 64, 0.0, false)]     // a map: not for the kernels that take row sums from y
    public void The_maps_gradient_agrees_with_cpu(DType dtype, int queries, int keys, int heads, int depth, double dropout, bool after)
        => Compare(
            dtype,
            [[2, queries, heads * depth], [2, keys, 2 * heads * depth]],
            [2, keys],
            (tape, x, mask) =>
            {
                var (y, map) = tape.MultiHeadCrossAttention(x[0], x[1], heads, mask, dropout, 8, 1, after);
                return [y, map];
            });

    [Fact]
    public void Every_dtype_and_kernel_drops_the_same_weights()
    {
        // Equal weights and the identity as values: y shows the mask.
        const int Tokens = 64;
        var values = new Tensor([1, Tokens, 3 * Tokens], DType.F64);
        for (int i = 0; i < Tokens; i++)
        {
            values.Span<double>()[(i * 3 * Tokens) + (2 * Tokens) + i] = 1;
        }

        bool[] Kept(Device device, DType dtype)
        {
            using var tape = new Tape(device) { Recording = false };
            var y = tape.SelfAttention(tape.Constant(tape.OnDevice(values.To(dtype))), 1, null, 0.4, seed: 77, offset: 6).Value;
            return [.. y.OnHost().To(DType.F64).ToArray<double>().Select(x => x != 0)];
        }

        bool[] expected = Kept(devices.Cpu, DType.F64);
        Assert.InRange(expected.Count(kept => kept), 0.55 * Tokens * Tokens, 0.65 * Tokens * Tokens);
        Assert.Equal(expected, Kept(devices.Gpu, DType.F64));
        Assert.Equal(expected, Kept(devices.Gpu, DType.F32));
        Assert.Equal(expected, Kept(devices.Gpu, DType.BF16));
    }

    [Fact]
    public void A_row_without_keys_gives_zeros_and_harms_no_other_row_with_tensor_cores()
    {
        var qkv = InputValues.Make([2, 33, 3 * 32], "float", null, seed: 4).To(DType.BF16);
        bool[] keys = new bool[66];
        keys.AsSpan(33).Fill(true);
        using var tape = new Tape(devices.Gpu);
        var x = tape.Leaf(tape.OnDevice(qkv));
        var y = tape.SelfAttention(x, 1, tape.Constant(tape.OnDevice(Tensor.From<bool>([2, 33], keys))));
        tape.Backward([y], [tape.OnDevice(InputValues.Make(y.Shape, "float", null, seed: 5).To(DType.BF16))]);
        double[] found = y.Value.OnHost().To(DType.F64).ToArray<double>();
        double[] gradient = x.Grad!.OnHost().To(DType.F64).ToArray<double>();
        Assert.All(found[..(33 * 32)], v => Assert.Equal(0, v));
        Assert.All(gradient[..(33 * 96)], v => Assert.Equal(0, v));
        Assert.All(found[(33 * 32)..], v => Assert.True(double.IsFinite(v) && v != 0));
    }

    [Theory, InlineData(DType.F32), InlineData(DType.BF16)]
    public void Repeats_to_the_same_bits(DType dtype)
    {
        var qkv = InputValues.Make([1, 50, 3 * 2 * 32], "float", null, seed: 6).To(dtype);
        double[][] Once()
        {
            using var tape = new Tape(devices.Gpu);
            var x = tape.Leaf(tape.OnDevice(qkv));
            var y = tape.SelfAttention(x, 2, null, 0.1, seed: 3);
            tape.Backward([y], [tape.OnDevice(InputValues.Make(y.Shape, "float", null, seed: 7).To(dtype))]);
            return [.. new[] { y.Value, x.Grad! }.Select(t => t.OnHost().To(DType.F64).ToArray<double>())];
        }

        var first = Once();
        Assert.All(first, values => Assert.All(values, v => Assert.True(double.IsFinite(v))));
        Assert.Equal(first, Once());
    }

    /// <summary>Forward and backward on both devices, from the same rounded inputs and cotangents.</summary>
    private void Compare(DType dtype, long[][] shapes, long[]? maskShape, Call call)
    {
        Tensor[] inputs = [.. shapes.Select((shape, i) => InputValues.Make(new Shape(shape), "float", null, 20 + i).To(dtype))];
        var mask = maskShape is null ? null : InputValues.Make(new Shape(maskShape), "bool", "deadkeys", 30);
        Tensor[] Run(Device device, DType type)
        {
            using var tape = new Tape(device);
            Variable[] leaves = [.. inputs.Select(x => tape.Leaf(tape.OnDevice(x.To(type))))];
            var outputs = call(tape, leaves, mask is null ? null : tape.Constant(tape.OnDevice(mask)));
            Tensor[] values = [.. outputs.Select(o => o.Value.CopyTo(null))];
            tape.Backward(
                outputs, [.. outputs.Select((o, i) => tape.OnDevice(InputValues.Make(o.Shape, "float", null, 40 + i).To(dtype).To(type)))]);
            return [.. values, .. leaves.Select(x => x.Grad!.CopyTo(null))];
        }

        double rtol = dtype switch { DType.F64 => 1e-9, DType.F32 => 2e-5, _ => 2e-2 };
        var (expected, found) = (Run(devices.Cpu, DType.F64), Run(devices.Gpu, dtype));
        for (int i = 0; i < expected.Length; i++)
        {
            Close.Assert(found[i].To(DType.F64), expected[i], rtol, 0, $"tensor {i} of outputs and gradients");
        }
    }
}
