namespace Dwarf.Model.Onnx.Layers;

/// <summary>Multi-head attention between projected rows: softmax(q·kᵀ/√d)·v.</summary>
internal static class AttentionPiece
{
    /// <summary>Attends.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="scope">name of the part</param>
    /// <param name="q">[b·s,d]</param>
    /// <param name="k">[b·t,d]</param>
    /// <param name="v">[b·t,d]</param>
    /// <param name="queries">s</param>
    /// <param name="keys">t</param>
    /// <param name="heads">divides d</param>
    /// <param name="width">d</param>
    /// <returns>y [b·s,d], and the weights of each head [b,heads,s,t]</returns>
    public static (string Y, string Weights) Attend(
        this OnnxGraph graph, string scope, string q, string k, string v, OnnxDim queries, OnnxDim keys, int heads, int width)
    {
        int size = width / heads;
        string scaled = graph.Add(scope, "Mul", [Heads(q, queries, 0, 2, 1, 3), graph.Number(1 / Math.Sqrt(size))]);
        string scores = graph.Add(scope, "MatMul", [scaled, Heads(k, keys, 0, 2, 3, 1)]);
        string weights = graph.Add(scope, "Softmax", [scores], OnnxAttribute.Int("axis", -1));
        string mixed = graph.Add(scope, "MatMul", [weights, Heads(v, keys, 0, 2, 1, 3)]);
        return (graph.Reshape(scope, graph.Transpose(scope, mixed, 0, 2, 1, 3), OnnxDim.Rest, width), weights);

        string Heads(string x, OnnxDim tokens, params long[] order)
            => graph.Transpose(scope, graph.Reshape(scope, x, OnnxDim.Rest, tokens, heads, size), order);
    }
}
