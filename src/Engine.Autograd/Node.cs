using System.Runtime.CompilerServices;
using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>Computes the gradients of an operator's inputs from those of its outputs. A static method: what it needs is on the node.</summary>
/// <param name="tape">the tape, for temporary tensors and for handing gradients over</param>
/// <param name="node">inputs, saved tensors, attributes, output gradients</param>
public delegate void BackwardFunction(Tape tape, Node node);

/// <summary>One recorded operator: what backward needs, listed explicitly. Nodes are reused from step to step.</summary>
public sealed class Node
{
    private const int Most = 16;
    private readonly List<Variable?> _inputs = [];
    private readonly List<Variable> _outputs = [];
    private readonly List<Tensor?> _saved = [];
    private Slots<double> _numbers;
    private Slots<long> _integers;
    private int _integerCount;

    internal Node()
    {
    }

    /// <summary>The operator's name.</summary>
    public string Operator { get; private set; } = "";

    /// <summary>Number of inputs, absent ones included.</summary>
    public int InputCount => _inputs.Count;

    internal BackwardFunction Backward { get; private set; } = null!;

    /// <summary>What a checkpoint runs again.</summary>
    internal Segment? Segment { get; private set; }

    /// <summary>Whose segment it is.</summary>
    internal object? Owner { get; private set; }

    /// <summary>What else the segment was given.</summary>
    internal object? Context { get; private set; }

    /// <summary>The numbers that the segment was given.</summary>
    internal ReadOnlySpan<long> Integers => ((ReadOnlySpan<long>)_integers)[.._integerCount];

    internal List<Variable> Outputs => _outputs;

    /// <summary>An input; null where an optional one was not given.</summary>
    /// <param name="index">in the order of recording</param>
    /// <returns>the variable</returns>
    public Variable? Input(int index) => _inputs[index];

    /// <summary>Whether an input is there and wants its gradient.</summary>
    /// <param name="index">in the order of recording</param>
    /// <returns>true if backward must compute it</returns>
    public bool Needs(int index) => _inputs[index] is { RequiresGrad: true };

    /// <summary>A tensor that forward saved.</summary>
    /// <param name="index">in the order of recording</param>
    /// <returns>the tensor</returns>
    public Tensor Saved(int index) => _saved[index] ?? throw new DwarfException(ErrorKind.Internal, $"{Operator}: saved tensor {index} is absent");

    /// <summary>A saved tensor that may be absent.</summary>
    /// <param name="index">in the order of recording</param>
    /// <returns>the tensor or null</returns>
    public Tensor? SavedOrNull(int index) => _saved[index];

    /// <summary>The gradient that arrived at an output; null where none did (it is zero then).</summary>
    /// <param name="index">output</param>
    /// <returns>shape and dtype of the output</returns>
    public Tensor? OutputGrad(int index = 0) => _outputs[index].Grad;

    /// <summary>Whether a gradient arrived at any output.</summary>
    internal bool HasOutputGrad
    {
        get
        {
            foreach (var output in _outputs)
            {
                if (output.Grad is not null)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>A floating attribute given at recording.</summary>
    /// <param name="index">0 to 15</param>
    /// <returns>its value</returns>
    public double Number(int index) => _numbers[index];

    /// <summary>An integer attribute given at recording.</summary>
    /// <param name="index">0 to 15</param>
    /// <returns>its value</returns>
    public long Integer(int index) => _integers[index];

    internal void Bind(string op, BackwardFunction backward, ReadOnlySpan<double> numbers, ReadOnlySpan<long> integers)
    {
        Operator = op;
        Backward = backward;
        for (int i = 0; i < numbers.Length; i++)
        {
            _numbers[i] = numbers[i];
        }

        for (int i = 0; i < integers.Length; i++)
        {
            _integers[i] = integers[i];
        }
    }

    internal void BindSegment(Segment segment, object owner, object? context, int integers) =>
        (Segment, Owner, Context, _integerCount) = (segment, owner, context, integers);

    internal void AddInputs(ReadOnlySpan<Variable?> inputs)
    {
        foreach (var input in inputs)
        {
            _inputs.Add(input);
        }
    }

    internal void AddSaved(ReadOnlySpan<Tensor?> saved)
    {
        foreach (var tensor in saved)
        {
            _saved.Add(tensor);
            if (tensor is not null)
            {
                StepPool.Retain(tensor);
            }
        }
    }

    /// <summary>Gives back what backward does not need any more: saved tensors, and gradients and values of the outputs.</summary>
    internal void Release()
    {
        foreach (var tensor in _saved)
        {
            if (tensor is not null)
            {
                StepPool.Release(tensor);
            }
        }

        foreach (var output in _outputs)
        {
            if (output.Grad is not null)
            {
                StepPool.Release(output.Grad);
                output.Grad = null;
            }

            if (!output.Kept)
            {
                output.GiveUp();
            }
        }

        Clear();
    }

    internal void Clear()
    {
        _inputs.Clear();
        _outputs.Clear();
        _saved.Clear();
        (Segment, Owner, Context) = (null, null, null);
    }

    [InlineArray(Most)]
    private struct Slots<T>
    {
        private T _first;
    }
}
