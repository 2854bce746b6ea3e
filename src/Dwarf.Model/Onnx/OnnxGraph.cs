using System.Globalization;
using Dwarf.Model.Weights;
using Engine.Tensors;

namespace Dwarf.Model.Onnx;

/// <summary>An operator of the graph.</summary>
internal sealed record OnnxNode(string Name, string Type, string[] Inputs, string[] Outputs, OnnxAttribute[] Attributes);

/// <summary>
/// A graph being built. Values are known by their names; a node's name begins with the weights it belongs to, so a viewer shows the
/// network as the weight file names it. Weights keep the names and the bits that they have in weight files.
/// </summary>
internal sealed class OnnxGraph(WeightLayout layout)
{
    private readonly List<OnnxNode> _nodes = [];
    private readonly List<OnnxTensor> _tensors = [];
    private readonly HashSet<string> _names = [];
    private readonly HashSet<string> _tensorNames = [];

    public IReadOnlyList<OnnxNode> Nodes => _nodes;

    public IReadOnlyList<OnnxTensor> Tensors => _tensors;

    public List<OnnxPort> Inputs { get; } = [];

    public List<OnnxPort> Outputs { get; } = [];

    /// <summary>Images in the batch; set with the input that shows it.</summary>
    public OnnxDim Batch { get; set; }

    public string Input(string name, string about, params OnnxDim[] shape)
    {
        Inputs.Add(new OnnxPort(name, shape, about));
        _names.Add(name);
        return name;
    }

    /// <summary>Names a value as an output of the graph.</summary>
    public string Output(string name, string value, string about, params OnnxDim[] shape)
    {
        Outputs.Add(new OnnxPort(name, shape, about));
        foreach (var node in _nodes)
        {
            Rename(node.Inputs, value, name);
            Rename(node.Outputs, value, name);
        }

        return name;
    }

    /// <summary>Adds an operator of one output.</summary>
    /// <param name="scope">the weights or the part it belongs to</param>
    /// <param name="type">ONNX's name of the operator</param>
    /// <param name="inputs">values</param>
    /// <param name="attributes">what is not the default</param>
    /// <returns>the output</returns>
    public string Add(string scope, string type, string[] inputs, params OnnxAttribute[] attributes)
    {
        string name = Unique($"{scope}/{type}");
        _nodes.Add(new OnnxNode(name, type, [.. inputs], [name], attributes));
        return name;
    }

    /// <summary>Cuts a value into equal parts.</summary>
    public string[] Split(string scope, string x, int parts, int axis)
    {
        string name = Unique($"{scope}/Split");
        string[] outputs = [.. Enumerable.Range(0, parts).Select(i => string.Create(CultureInfo.InvariantCulture, $"{name}:{i}"))];
        _nodes.Add(new OnnxNode(name, "Split", [x], [.. outputs], [OnnxAttribute.Int("axis", axis)]));
        return outputs;
    }

    public string Reshape(string scope, string x, params OnnxDim[] shape) => Add(scope, "Reshape", [x, Shape(scope, shape)]);

    public string Transpose(string scope, string x, params long[] order) => Add(scope, "Transpose", [x], OnnxAttribute.Ints("perm", order));

    /// <summary>A shape as a value, put together when the graph runs where a size is not known before.</summary>
    public string Shape(string scope, params OnnxDim[] shape)
    {
        if (shape.All(d => d.Value is null))
        {
            return Integers([.. shape.Select(d => d.Size)]);
        }

        return Add(scope, "Concat", [.. shape.Select(d => d.Value ?? Integers(d.Size))], OnnxAttribute.Int("axis", 0));
    }

    /// <summary>The size of an axis of a value as the graph runs.</summary>
    public OnnxDim SizeOf(string value, int axis, string label)
        => new(-1, Add(value, "Shape", [value], OnnxAttribute.Int("start", axis), OnnxAttribute.Int("end", axis + 1)), label);

    /// <summary>A weight under its own name.</summary>
    public string Weight(string name) => Weight(name, null);

    /// <summary>Some rows of a weight.</summary>
    public string Rows(string name, long from, long to) => Weight(name, (from, to));

    /// <summary>A tensor that is no weight of the network, such as stored text features.</summary>
    public string Constant(string name, Tensor value) => Declare(new OnnxTensor(name, value.Shape, DType.F32, () => Single(value)));

    public string Integers(params long[] values)
        => Declare(new OnnxTensor($"[{string.Join(',', values)}]", [values.Length], DType.I64, () => Tensor.From<long>([values.Length], values)));

    /// <summary>A number that broadcasts.</summary>
    public string Number(double value)
    {
        float single = (float)value;
        string name = single.ToString("R", CultureInfo.InvariantCulture);
        return Declare(new OnnxTensor(name, [], DType.F32, () => Tensor.From<float>([], [single])));
    }

    private string Weight(string name, (long From, long To)? rows)
    {
        var entry = layout.Find(name) ?? throw new InvalidOperationException($"the network has no weight '{name}'");
        if (rows is not { } some)
        {
            return Declare(new OnnxTensor(name, entry.Shape, DType.F32, () => Single(entry.Gather(p => p.Master))));
        }

        var shape = entry.Shape.With(0, some.To - some.From);
        long row = entry.Shape.Fold(1, entry.Shape.Rank);
        return Declare(new OnnxTensor($"{name}[{some.From}:{some.To}]", shape, DType.F32,
            () => Single(WeightLayout.Stretch(entry.Gather(p => p.Master), some.From * row, shape.Count))));
    }

    private static Tensor Single(Tensor value) => value.DType == DType.F32 ? value.OnHost() : value.To(DType.F32);

    private string Declare(OnnxTensor tensor)
    {
        if (_tensorNames.Add(tensor.Name))
        {
            _tensors.Add(tensor);
        }

        return tensor.Name;
    }

    private string Unique(string name)
    {
        string unique = name;
        for (int i = 2; !_names.Add(unique); i++)
        {
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{i}");
        }

        return unique;
    }

    private static void Rename(string[] names, string from, string to)
    {
        int at = Array.IndexOf(names, from);
        for (; at >= 0; at = Array.IndexOf(names, from))
        {
            names[at] = to;
        }
    }
}
