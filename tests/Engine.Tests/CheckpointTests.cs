using Engine.Autograd;
using Engine.Kernels;
using Engine.Tensors;
using Xunit;

namespace Engine.Tests;

/// <summary>Segments that run twice.</summary>
public sealed class CheckpointTests : IDisposable
{
    private static readonly Segment s_wave = static (Tape tape, in SegmentCall call) =>
    {
        var x = call.Inputs[0]!;
        call.Outputs[0] = tape.Tanh(tape.Mul(tape.Add(x, x), call.Inputs[1]!));
        ((int[])call.Owner)[0]++;
    };

    private readonly CpuDevice _cpu = new(2);
    private readonly int[] _runs = [0];

    public void Dispose() => _cpu.Dispose();

    [Fact]
    public void Each_part_of_a_gradient_is_added_in_the_order_that_it_has_without()
    {
        double[] expected = Chain(false), found = Chain(true);
        Assert.Equal(expected, found);
        Assert.Equal(4 + 8, _runs[0]);
    }

    [Fact]
    public void A_checkpoint_inside_another_is_refused()
    {
        using var tape = new Tape(_cpu);
        var x = tape.Leaf(Tensor.From<double>([1], [1]));
        var error = Assert.Throws<DwarfException>(() =>
        {
            Span<Variable> outputs = [x];
            tape.Checkpoint(
                static (Tape tape, in SegmentCall call) => tape.Checkpoint(s_wave, new SegmentCall(call.Owner, null, call.Inputs, [], call.Outputs)),
                new SegmentCall(_runs, null, [x, x], [], outputs));
        });
        Assert.Equal(ErrorKind.Internal, error.Kind);

        // The tape is whole after it.
        tape.Backward(tape.Mul(x, x));
        Assert.Equal(2, x.Grad!.Item());
    }

    [Fact]
    public void An_input_cannot_be_an_output()
    {
        using var tape = new Tape(_cpu);
        var x = tape.Leaf(Tensor.From<double>([1], [1]));
        var error = Assert.Throws<DwarfException>(() =>
        {
            Span<Variable> outputs = [x];
            tape.Checkpoint(static (Tape _, in SegmentCall call) => call.Outputs[0] = call.Inputs[0]!, new SegmentCall(_runs, null, [x], [], outputs));
        });
        Assert.Equal(ErrorKind.Internal, error.Kind);
    }

    [Fact]
    public void A_segment_without_gradient_runs_once_and_is_forgotten()
    {
        using var tape = new Tape(_cpu);
        var x = tape.Constant(Tensor.From<double>([1], [1]));
        Span<Variable> outputs = [x];
        tape.Checkpoint(s_wave, new SegmentCall(_runs, null, [x, x], [], outputs));
        var leaf = tape.Leaf(Tensor.From<double>([1], [3]));
        tape.Backward(tape.Mul(leaf, outputs[0]));
        Assert.Equal(Math.Tanh(2), leaf.Grad!.Item(), 12);
        Assert.Equal(1, _runs[0]);
    }

    [Fact]
    public void A_value_that_is_done_is_used_again_at_once_unless_it_is_kept_or_saved()
    {
        using var tape = new Tape(_cpu) { Recording = false };
        var x = tape.Constant(new Tensor([1000], DType.F64));
        var a = tape.Add(x, x);
        long one = tape.ReservedBytes;
        tape.Done(a);
        var b = tape.Keep(tape.Add(x, x));
        Assert.Equal(one, tape.ReservedBytes);
        tape.Done(b);
        tape.Done(x);
        tape.Add(x, x);
        Assert.Equal(2 * one, tape.ReservedBytes);
        tape.Reset();

        tape.Recording = true;
        var leaf = tape.Leaf(Tensor.From<double>([2], [0.5, 2]));
        var square = tape.Mul(leaf, leaf);
        var cube = tape.Mul(square, leaf);
        tape.Done(square);
        tape.Zeros([2], DType.F64);
        tape.Backward(tape.ReduceMean(cube));
        Assert.Equal([0.375, 6], leaf.Grad!.ToArray<double>());
    }

    /// <summary>Four segments over inputs that every one of them reads: gradients meet in many sums.</summary>
    private double[] Chain(bool checkpoints)
    {
        using var tape = new Tape(_cpu) { CheckpointsActivations = checkpoints };
        var w = tape.Leaf(Values(1));
        var x = tape.Mul(tape.Leaf(Values(2)), w);
        for (int i = 0; i < 4; i++)
        {
            Span<Variable> outputs = [x];
            tape.Run(s_wave, new SegmentCall(_runs, null, [x, w], [], outputs));
            x = tape.Add(outputs[0], x);
        }

        tape.Backward(tape.ReduceMean(tape.Mul(x, w)));
        return w.Grad!.ToArray<double>();
    }

    private static Tensor Values(int seed) => InputValues.Make([3, 40], "float", null, seed);
}
