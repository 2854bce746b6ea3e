using Engine.Tensors;

namespace Engine.Autograd;

/// <summary>The tensor, variable and node objects of a step, used again in the next one.</summary>
internal sealed unsafe class StepObjects
{
    private readonly List<Tensor> _tensors = [];
    private readonly List<Variable> _variables = [];
    private readonly List<Node> _nodes = [];
    private int _tensorCount;
    private int _variableCount;

    /// <summary>Nodes recorded and not yet walked back.</summary>
    public int NodeCount { get; private set; }

    public Tensor NextTensor(object owner, void* pointer, Shape shape, DType dtype, MemorySpace? space)
    {
        if (_tensorCount == _tensors.Count)
        {
            _tensors.Add(new Tensor(owner, pointer, shape, dtype, space));
        }

        var tensor = _tensors[_tensorCount++];
        tensor.Bind(owner, pointer, shape, dtype, space);
        return tensor;
    }

    public Variable NextVariable(Tensor value, bool requiresGrad, bool holds = false)
    {
        if (_variableCount == _variables.Count)
        {
            _variables.Add(new Variable(value, requiresGrad));
        }

        var variable = _variables[_variableCount++];
        variable.Bind(value, requiresGrad, holds);
        return variable;
    }

    public Node NextNode(
        string op,
        ReadOnlySpan<Variable?> inputs,
        ReadOnlySpan<Tensor?> saved,
        BackwardFunction backward,
        ReadOnlySpan<double> numbers,
        ReadOnlySpan<long> integers)
    {
        if (NodeCount == _nodes.Count)
        {
            _nodes.Add(new Node());
        }

        var node = _nodes[NodeCount++];
        node.Bind(op, backward, numbers, integers);
        node.AddInputs(inputs);
        node.AddSaved(saved);
        return node;
    }

    public Node NodeAt(int index) => _nodes[index];

    /// <summary>Nodes from this number on are walked back.</summary>
    public void ForgetNodes(int from) => NodeCount = from;

    /// <summary>Variables made in this step.</summary>
    public int VariableCount => _variableCount;

    /// <summary>Ends the claims of variables made since there were this many of them, but for kept ones and these.</summary>
    public void GiveUp(int since, ReadOnlySpan<Variable?> but)
    {
        for (int i = since; i < _variableCount; i++)
        {
            var variable = _variables[i];
            if (!variable.Kept && !Contains(but, variable))
            {
                variable.GiveUp();
            }
        }
    }

    /// <summary>Whether a variable was there when the step had made this many, or is none of its own.</summary>
    public bool IsOlder(Variable variable, int count)
    {
        for (int i = count; i < _variableCount; i++)
        {
            if (ReferenceEquals(_variables[i], variable))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Contains(ReadOnlySpan<Variable?> some, Variable variable)
    {
        foreach (var one in some)
        {
            if (ReferenceEquals(one, variable))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The step is over: every object is free, and no node keeps what it was given.</summary>
    public void Reset()
    {
        for (int i = 0; i < NodeCount; i++)
        {
            _nodes[i].Clear();
        }

        NodeCount = 0;
        _tensorCount = 0;
        _variableCount = 0;
    }
}
