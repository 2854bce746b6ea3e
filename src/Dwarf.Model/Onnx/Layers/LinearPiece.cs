using Engine.Tensors;

namespace Dwarf.Model.Onnx.Layers;

/// <summary>y = x·Wᵀ + b over rows: Gemm takes the weight as it lies in weight files.</summary>
internal static class LinearPiece
{
    private static readonly OnnxAttribute s_transposed = OnnxAttribute.Int("transB", 1);

    /// <summary>With NAME.weight [out,in] and NAME.bias [out].</summary>
    public static string Linear(this OnnxGraph graph, string name, string x)
        => graph.Add(name, "Gemm", [x, graph.Weight($"{name}.weight"), graph.Weight($"{name}.bias")], s_transposed);

    /// <summary>Some blocks of the packed NAME_weight [3d,d] and NAME_bias [3d] of PyTorch's MultiheadAttention.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="name">up to _weight</param>
    /// <param name="x">[rows,d]</param>
    /// <param name="width">d</param>
    /// <param name="from">first block: 0 query, 1 key, 2 value</param>
    /// <param name="to">one past the last block</param>
    public static string Packed(this OnnxGraph graph, string name, string x, int width, int from, int to)
    {
        var (begin, end) = ((long)from * width, (long)to * width);
        return graph.Add(name, "Gemm", [x, graph.Rows($"{name}_weight", begin, end), graph.Rows($"{name}_bias", begin, end)], s_transposed);
    }
}
