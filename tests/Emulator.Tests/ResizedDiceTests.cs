using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Engine.Tests;
using Xunit;

namespace Emulator.Tests;

/// <summary>The fused resize and Dice against the two operators one after the other, on the same device.</summary>
public sealed class ResizedDiceTests(EmulatedDevice devices)
{
    [Theory]
    [InlineData(14, 14, 224, 224)]
    [InlineData(7, 5, 50, 33)]
    [InlineData(24, 24, 10, 12)]
    [InlineData(3, 3, 3, 3)]
    public void The_fused_operator_agrees_with_resizing_first(long h, long w, long height, long width)
    {
        var logits = InputValues.Make([3, h, w], "float", "normal:0:3", 1);
        var target = InputValues.Make([3, height, width], "float", "binary", 2);
        using var one = new Tape(devices.Gpu);
        var small = one.Leaf(logits);
        var loss = one.Keep(one.ResizedDice(small, one.Constant(target), 2.5));
        one.Backward(loss);

        using var two = new Tape(devices.Gpu);
        var other = two.Leaf(logits);
        var large = two.Reshape(two.BilinearResize(two.Reshape(other, [3, 1, h, w]), height, width), [3, height * width]);
        var composed = two.Keep(two.FpWeightedDiceWithLogits(large, two.Constant(target.View([3, height * width])), 2.5));
        two.Backward(composed);
        Close.Assert(loss.Value.OnHost(), composed.Value.OnHost(), 1e-12, 0, "loss");
        Close.Assert(small.Grad!.OnHost(), other.Grad!.OnHost(), 1e-11, 0, "gradient");
    }

    [Fact]
    public void It_takes_two_launches_each_way()
    {
        using var tape = new Tape(devices.Gpu);
        var logits = tape.Leaf(InputValues.Make([2, 4, 4], "float", null, 1));
        var target = tape.Constant(InputValues.Make([2, 16, 16], "float", "binary", 2));
        long start = devices.Gpu.Launches;
        var loss = tape.ResizedDice(logits, target);
        long forward = devices.Gpu.Launches - start;
        tape.Backward(loss);
        Assert.Equal((2, 2), (forward, devices.Gpu.Launches - start - forward));
    }
}
