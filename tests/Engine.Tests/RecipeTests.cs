using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

/// <summary>Values that backward makes again instead of keeping them.</summary>
public sealed class RecipeTests : IDisposable
{
    private readonly CpuDevice _cpu = new(2);

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F64)]
    public void A_layer_behind_layer_norm_or_GELU_has_the_gradient_of_its_input_as_it_was(DType dtype)
    {
        var (x, w1, b1) = (Make([37, 21], 1, dtype), Make([21], 2, dtype), Make([21], 3, dtype));
        var (w2, b2, w3) = (Make([45, 21], 4, dtype), Make([45], 5, dtype), Make([19, 45], 6, dtype));
        using var tape = new Tape(_cpu);
        Variable[] leaves = [tape.Leaf(x), tape.Leaf(w1), tape.Leaf(b1), tape.Leaf(w2), tape.Leaf(b2), tape.Leaf(w3)];
        var y = tape.LayerNorm(leaves[0], leaves[1], leaves[2]);
        var hidden = tape.Linear(y, leaves[3], leaves[4], GemmActivation.Gelu);
        var cotangent = Make([37, 19], 7, dtype);
        var z = tape.Linear(hidden, leaves[5], null);
        var (yValue, hiddenValue) = (y.Value.CopyTo(null), hidden.Value.CopyTo(null));
        tape.Done(y);
        tape.Done(hidden);

        // Whatever is free now is written over.
        for (int i = 0; i < 4; i++)
        {
            tape.Zeros(yValue.Shape, dtype);
            tape.Zeros(hiddenValue.Shape, dtype);
        }

        tape.Backward([z], [cotangent]);

        // The same products with values that nothing can make again.
        using var plain = new Tape(_cpu);
        var (weight, constant) = (plain.Leaf(w3), plain.Constant(hiddenValue));
        plain.Backward([plain.Linear(constant, weight, null)], [cotangent]);
        Assert.Equal(Bits(weight.Grad!), Bits(leaves[5].Grad!));
        var (up, input) = (plain.Leaf(w2), plain.Constant(yValue));
        var upper = plain.Linear(plain.Linear(input, up, plain.Constant(b2), GemmActivation.Gelu), plain.Constant(w3), null);
        plain.Backward([upper], [cotangent]);
        Assert.Equal(Bits(up.Grad!), Bits(leaves[3].Grad!));
    }

    private static Tensor Make(Shape shape, int seed, DType dtype) => InputValues.Make(shape, "float", null, seed).To(dtype);

    private static byte[] Bits(Tensor tensor) => tensor.ByteSpan(0, (int)tensor.Bytes).ToArray();
}
