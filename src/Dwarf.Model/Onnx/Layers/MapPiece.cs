using Dwarf.Model.Weights;
using Engine.Kernels.Operators;

namespace Dwarf.Model.Onnx.Layers;

/// <summary>From raw maps to the maps that people see, as <see cref="MapRefinement"/>: scale, logit, the finding's head, sigmoid.</summary>
internal static class MapPiece
{
    private const string Scope = "refinement";

    /// <summary>Refines every prompt's maps with its own head.</summary>
    /// <param name="graph">receives it</param>
    /// <param name="findings">whose heads, in the order of the prompts</param>
    /// <param name="head">what heads compute</param>
    /// <param name="config">scale and space</param>
    /// <param name="image">gives the grid</param>
    /// <param name="map">raw maps [b,q,hw]</param>
    /// <returns>[b,q,hw], 0 to 1</returns>
    public static string RefinedMap(
        this OnnxGraph graph, IReadOnlyList<string> findings, HeadConfig head, MapConfig config, ImageEncoderConfig image, string map)
    {
        string z = Scale(graph, config.Scale, image.Patches, map);
        z = config.Space == HeadSpace.Logit ? Logit(graph, z) : z;
        string[] each = findings.Count == 1 ? [z] : graph.Split(Scope, z, findings.Count, 1);
        string[] refined = [.. findings.Select((finding, i) => Head(graph, $"{WeightNames.Heads}{finding}", head.Kind, image, each[i]))];
        string all = refined.Length == 1 ? refined[0] : graph.Add(Scope, "Concat", refined, OnnxAttribute.Int("axis", 1));
        return config.Space == HeadSpace.Logit
            ? graph.Add(Scope, "Sigmoid", [all])
            : graph.Add(Scope, "Clip", [all, graph.Number(0), graph.Number(1)]);
    }

    private static string Scale(OnnxGraph graph, MapScale by, int patches, string x)
    {
        switch (by)
        {
            case MapScale.None:
                return x;
            case MapScale.Size:
                return graph.Add(Scope, "Mul", [x, graph.Number(patches)]);
            case MapScale.Max:
                return graph.Add(Scope, "Div", [x, Extreme("ReduceMax")]);
            default:
                // A flat map gives zeros: 0 divided by 1.
                string low = Extreme("ReduceMin");
                string range = graph.Add(Scope, "Sub", [Extreme("ReduceMax"), low]);
                string flat = graph.Add(Scope, "Equal", [range, graph.Number(0)]);
                string by1 = graph.Add(Scope, "Where", [flat, graph.Number(1), range]);
                return graph.Add(Scope, "Div", [graph.Add(Scope, "Sub", [x, low]), by1]);
        }

        string Extreme(string type) => graph.Add(Scope, type, [x], OnnxAttribute.Ints("axes", -1), OnnxAttribute.Int("keepdims", 1));
    }

    /// <summary>
    /// The logit of x clipped to [e, 1 − e]. Clipping the logit instead is the same, since it is monotone, and exact in f32,
    /// where 1 − (1 − e) would have lost half its digits.
    /// </summary>
    private static string Logit(OnnxGraph graph, string x)
    {
        double bound = Math.Log((1 - MapRefinement.Clip) / MapRefinement.Clip);
        string chance = graph.Add(Scope, "Clip", [x, graph.Number(0), graph.Number(1)]);
        string odds = graph.Add(Scope, "Div", [chance, graph.Add(Scope, "Sub", [graph.Number(1), chance])]);
        return graph.Add(Scope, "Clip", [graph.Add(Scope, "Log", [odds]), graph.Number(-bound), graph.Number(bound)]);
    }

    private static string Head(OnnxGraph graph, string name, HeadKind kind, ImageEncoderConfig image, string z)
    {
        if (kind == HeadKind.Linear)
        {
            string rows = graph.Linear(name, graph.Reshape(name, z, OnnxDim.Rest, image.Patches));
            return graph.Reshape(name, rows, OnnxDim.Rest, 1, image.Patches);
        }

        long side = kind == HeadKind.Conv3 ? 3 : 1, edge = side / 2;
        string grid = graph.Reshape(name, z, OnnxDim.Rest, 1, image.GridRows, image.GridColumns);
        string y = graph.Add(
            name, "Conv", [grid, graph.Weight($"{name}.weight"), graph.Weight($"{name}.bias")],
            OnnxAttribute.Ints("kernel_shape", side, side), OnnxAttribute.Ints("pads", edge, edge, edge, edge));
        return graph.Reshape(name, y, OnnxDim.Rest, 1, image.Patches);
    }
}
