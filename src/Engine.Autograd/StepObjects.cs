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

    public Variable NextVariable(Tensor value, bool requiresGrad)
    {
        if (_variableCount == _variables.Count)
        {
            _variables.Add(new Variable(value, requiresGrad));
        }

        var variable = _variables[_variableCount++];
        variable.Bind(value, requiresGrad);
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

    /// <summary>The walk back is over.</summary>
    public void ForgetNodes() => NodeCount = 0;

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
