namespace Dwarf.Model.Onnx.Layers;

/// <summary>Layer norm over the last axis, with NAME.weight and NAME.bias.</summary>
internal static class NormPiece
{
    public static string Norm(this OnnxGraph graph, string name, string x, double epsilon) => graph.Add(
        name, "LayerNormalization", [x, graph.Weight($"{name}.weight"), graph.Weight($"{name}.bias")], OnnxAttribute.Float("epsilon", epsilon));
}
