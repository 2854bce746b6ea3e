namespace Dwarf.Model.Onnx.Layers;

/// <summary>The exact GELU, x/2 · (1 + erf(x/√2)): Gelu itself is an operator only from opset 20 on.</summary>
internal static class GeluPiece
{
    public static string Gelu(this OnnxGraph graph, string scope, string x)
    {
        string scaled = graph.Add(scope, "Mul", [x, graph.Number(Math.Sqrt(0.5))]);
        string share = graph.Add(scope, "Add", [graph.Add(scope, "Erf", [scaled]), graph.Number(1)]);
        return graph.Add(scope, "Mul", [graph.Add(scope, "Mul", [x, graph.Number(0.5)]), share]);
    }
}
