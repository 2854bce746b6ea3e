using System.Runtime.CompilerServices;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>A piece of a network that can run twice: the second time in backward, with the same inputs, to the same bits.</summary>
/// <param name="tape">runs the operators</param>
/// <param name="call">what the piece is given, and where its results go; a static method, so that nothing is captured</param>
public delegate void Segment(Tape tape, in SegmentCall call);

/// <summary>What a <see cref="Segment"/> is given and gives back.</summary>
public readonly ref struct SegmentCall
{
    /// <summary>Puts it together.</summary>
    /// <param name="owner">has the parameters</param>
    /// <param name="context">anything else that lives as long as the step, or null</param>
    /// <param name="inputs">absent ones null</param>
    /// <param name="integers">numbers of the caller</param>
    /// <param name="outputs">to be filled</param>
    public SegmentCall(object owner, object? context, ReadOnlySpan<Variable?> inputs, ReadOnlySpan<long> integers, Span<Variable> outputs)
    {
        Owner = owner;
        Context = context;
        Inputs = inputs;
        Integers = integers;
        Outputs = outputs;
    }

    /// <summary>Has the parameters.</summary>
    public object Owner { get; }

    /// <summary>Anything else, as given.</summary>
    public object? Context { get; }

    /// <summary>The inputs, as given; the second time others in their place.</summary>
    public ReadOnlySpan<Variable?> Inputs { get; }

    /// <summary>The numbers, as given.</summary>
    public ReadOnlySpan<long> Integers { get; }

    /// <summary>To be filled: results of operators, none of them an input.</summary>
    public Span<Variable> Outputs { get; }
}

/// <summary>Activation checkpointing: of a segment only the inputs are kept, and backward runs it again.</summary>
/// <remarks>Chen et al. 2016, arXiv:1604.06174. Gradients have the bits that they would have without: every sum keeps its order.</remarks>
public static class Checkpoints
{
    private const int Most = 8;

    /// <summary>Runs a segment: as a checkpoint where <see cref="Tape.CheckpointsActivations"/> says so, else as it is.</summary>
    /// <param name="tape">runs it</param>
    /// <param name="segment">a static method</param>
    /// <param name="call">inputs (at most 8), numbers (at most 16) and outputs (at most 8)</param>
    public static void Run(this Tape tape, Segment segment, in SegmentCall call)
    {
        if (tape.CheckpointsActivations)
        {
            tape.Checkpoint(segment, in call);
        }
        else
        {
            segment(tape, in call);
        }
    }

    /// <summary>Runs a segment and keeps its inputs alone; backward runs it again. Where the tape does not record it just runs.</summary>
    /// <param name="tape">runs it</param>
    /// <param name="segment">a static method; what it draws at random must follow from its numbers</param>
    /// <param name="call">inputs (at most 8), numbers (at most 16) and outputs (at most 8)</param>
    /// <exception cref="DwarfException">inside another checkpoint, or an output is no result of the segment (internal)</exception>
    public static void Checkpoint(this Tape tape, Segment segment, in SegmentCall call)
    {
        if (!tape.Recording)
        {
            segment(tape, in call);
            return;
        }

        if (tape.InSegment)
        {
            throw new DwarfException(ErrorKind.Internal, "a checkpoint inside another checkpoint would run its part three times; use one of the two");
        }

        // The segment may be the last reader of its inputs.
        Values values = default;
        for (int i = 0; i < call.Inputs.Length; i++)
        {
            values[i] = call.Inputs[i]?.Value;
            StepPool.Retain(values[i]);
        }

        int before = tape.Objects.VariableCount;
        (tape.InSegment, tape.Skimming) = (true, true);
        try
        {
            segment(tape, in call);
        }
        finally
        {
            (tape.InSegment, tape.Skimming) = (false, false);
        }

        bool records = false;
        foreach (var output in call.Outputs)
        {
            if (output is null || tape.Objects.IsOlder(output, before))
            {
                throw new DwarfException(ErrorKind.Internal, "an output of a checkpoint was not made by its segment");
            }

            records |= output.RequiresGrad;
        }

        tape.Objects.GiveUp(before, call.Outputs!);
        if (records)    // else it is frozen throughout
        {
            var node = tape.Objects.NextNode(
                "checkpoint", call.Inputs, ((ReadOnlySpan<Tensor?>)values)[..call.Inputs.Length], Backward, [], call.Integers);
            node.BindSegment(segment, call.Owner, call.Context, call.Integers.Length);
            foreach (var output in call.Outputs)
            {
                node.Outputs.Add(output);
            }
        }

        for (int i = 0; i < call.Inputs.Length; i++)
        {
            tape.Release(values[i]);
        }
    }

    private static void Backward(Tape tape, Node node)
    {
        Variables inputs = default, outputs = default;
        int inputCount = node.InputCount, outputCount = node.Outputs.Count;
        var objects = tape.Objects;
        int before = objects.VariableCount, nodes = objects.NodeCount;
        for (int i = 0; i < inputCount; i++)
        {
            inputs[i] = Again(tape, node, i, inputs);
        }

        bool recording = tape.Recording;
        (tape.InSegment, tape.Recording) = (true, true);
        try
        {
            node.Segment!(tape, new SegmentCall(
                node.Owner!, node.Context, ((ReadOnlySpan<Variable?>)inputs)[..inputCount], node.Integers, ((Span<Variable>)outputs!)[..outputCount]));
            for (int i = 0; i < outputCount; i++)
            {
                if (node.Outputs[i].Grad is { } grad)
                {
                    node.Outputs[i].Grad = null;
                    tape.EndGrad(outputs[i]!, grad);
                }
            }

            tape.WalkBack(nodes);
        }
        finally
        {
            (tape.InSegment, tape.Recording) = (false, recording);
        }

        for (int i = 0; i < inputCount; i++)
        {
            if (!ReferenceEquals(inputs[i], node.Input(i)) && inputs[i]!.Grad is { } grad)
            {
                node.Input(i)!.Grad = grad;
                inputs[i]!.Grad = null;
            }
        }

        objects.GiveUp(before, []);
    }

    /// <summary>
    /// The input for the second run: a leaf in the place of one that wants its gradient, which it takes over as far as it has come, so that
    /// each new part is added as it would be without the checkpoint.
    /// </summary>
    private static Variable? Again(Tape tape, Node node, int index, ReadOnlySpan<Variable?> made)
    {
        var input = node.Input(index);
        if (input is not { RequiresGrad: true } or Parameter)
        {
            return input;
        }

        for (int i = 0; i < index; i++)
        {
            if (ReferenceEquals(node.Input(i), input))
            {
                return made[i];
            }
        }

        var leaf = tape.Objects.NextVariable(node.Saved(index), requiresGrad: true);
        leaf.HostValue = input.HostValue;
        leaf.Grad = input.Grad;
        input.Grad = null;
        return leaf;
    }

    [InlineArray(Most)]
    private struct Values
    {
        private Tensor? _first;
    }

    [InlineArray(Most)]
    private struct Variables
    {
        private Variable? _first;
    }
}
